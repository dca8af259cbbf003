<?php

declare(strict_types=1);

namespace Callmeter;

/** callmeter's API for its operator, which lies beside the call page; and the links into that page. */
final class Callmeter
{
    public function __construct(private readonly Settings $settings)
    {
    }

    /** @return array<mixed> see layers/callmeter/portal/operator.py */
    public function status(): array
    {
        return $this->ask('v1/operator/status');
    }

    /** @return list<array<mixed>> the client's accounts: account_id, name, numbers, valid_to */
    public function accountsOf(int $clientId): array
    {
        $accounts = $this->ask("v1/operator/clients/$clientId/accounts")['accounts'] ?? null;
        if (! is_array($accounts)) {
            throw new Trouble('callmeter tells accounts in a form that is not known: update the plugin.');
        }
        return array_values($accounts);
    }

    /** The address that opens the account's call page, within the next minutes. */
    public function link(string $accountId): string
    {
        $token = Token::sign($accountId, Token::LINK, $this->settings->linkSecret);
        return $this->address('') . '#' . http_build_query(['link' => $token]);
    }

    /** @return array<mixed> */
    private function ask(string $path): array
    {
        $url = $this->address($path);
        $token = Token::sign('ucrm-plugin', Token::OPERATOR, $this->settings->linkSecret);
        [$status, $answer] = Http::get($url, ["Authorization: Bearer $token"]);
        if ($status === 401) {
            throw new Trouble(
                'callmeter does not accept the link secret: copy it again from its SSM parameter.'
                . ' If it is right, the clock of this server is wrong.',
            );
        }
        if ($status !== 200 || ! is_array($answer)) {
            throw new Trouble("$url answered $status: check the address of the call page, then callmeter's own log.");
        }
        return $answer;
    }

    private function address(string $path): string
    {
        return rtrim($this->settings->pageUrl, '/') . "/$path";
    }
}
