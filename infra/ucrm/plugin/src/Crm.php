<?php

declare(strict_types=1);

namespace Callmeter;

/** Who is looking at the page: the CRM says so, by the cookies its browser sent. Nothing else is believed. */
final class Crm
{
    // UISP's two, and UCRM 2.x's. Source: UCRM-plugins, docs/security.md.
    private const COOKIES = ['nms-crm-php-session-id', 'nms-session', 'PHPSESSID'];

    /**
     * @param array<mixed> $cookies
     * @return array<mixed>|null the CRM's user, null where nobody is logged in
     * @throws Trouble
     */
    public static function currentUser(Settings $settings, #[\SensitiveParameter] array $cookies): ?array
    {
        $header = self::header($cookies);
        if ($header === '') {
            return null;
        }
        $url = rtrim($settings->crmUrl, '/') . '/current-user';
        [$status, $user] = Http::get($url, ["Cookie: $header"]);
        if (in_array($status, [401, 403], true)) {
            return null;
        }
        if ($status !== 200 || ! is_array($user) || ! is_bool($user['isClient'] ?? null)) {
            throw new Trouble("The CRM does not tell who is logged in: $url answered $status.");
        }
        return $user;
    }

    /** @param array<mixed> $user */
    public static function maySeeFigures(array $user): bool
    {
        $granted = $user['permissions']['billing/invoices'] ?? 'denied';
        $money = $user['specialPermissions']['special/view_financial_information'] ?? 'deny';
        return $user['isClient'] === false && in_array($granted, ['view', 'edit'], true) && $money === 'allow';
    }

    /**
     * The session's cookies, and of their values only what such values are made of: no way to add a header.
     * @param array<mixed> $cookies
     */
    private static function header(#[\SensitiveParameter] array $cookies): string
    {
        $sent = [];
        foreach (self::COOKIES as $name) {
            $value = is_string($cookies[$name] ?? null) ? preg_replace('~[^a-zA-Z0-9-]~', '', $cookies[$name]) : '';
            if ($value !== '') {
                $sent[] = "$name=$value";
            }
        }
        return implode('; ', $sent);
    }
}
