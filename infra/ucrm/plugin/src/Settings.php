<?php

declare(strict_types=1);

namespace Callmeter;

/**
 * What the CRM (ucrm.json) and the admin (data/config.json, by the form in manifest.json) told the plugin.
 * Format: github.com/Ubiquiti-App/UCRM-plugins, docs/file-structure.md.
 */
final class Settings
{
    private const SECRET_BYTES = 32; // RFC 7518 3.2: a key at least as long as the hash

    private function __construct(
        public readonly string $crmUrl,
        public readonly string $pageUrl,
        #[\SensitiveParameter] public readonly string $linkSecret,
    ) {
    }

    public static function read(string $folder): self
    {
        $crm = self::json("$folder/ucrm.json");
        $set = self::json("$folder/data/config.json");
        return new self(
            self::text($crm, 'ucrmLocalUrl') ?: self::text($crm, 'ucrmPublicUrl'),
            self::text($set, 'pageUrl'),
            self::text($set, 'linkSecret'),
        );
    }

    /** @return list<string> what is missing or wrong, for the admin */
    public function problems(): array
    {
        $problems = [];
        if (! self::isAddress($this->crmUrl)) {
            $problems[] = 'The CRM did not tell its own address: set its server domain name under System > Settings.';
        }
        if (! self::isAddress($this->pageUrl) || preg_match('~[?#\s]~', $this->pageUrl)) {
            $problems[] = 'The address of the call page is not an address: give it as https://calls.example.net/';
        } elseif (! str_starts_with($this->pageUrl, 'https://') && ! Http::isThisMachine($this->pageUrl)) {
            $problems[] = 'The address of the call page has to begin with https://';
        }
        if (strlen($this->linkSecret) < self::SECRET_BYTES) {
            $problems[] = sprintf('The link secret is too short: %d characters or more.', self::SECRET_BYTES);
        }
        return $problems;
    }

    private static function isAddress(string $text): bool
    {
        return (bool) preg_match('~^https?://[^/?#\s]+~i', $text);
    }

    /** @return array<mixed> */
    private static function json(string $path): array
    {
        $found = is_file($path) ? json_decode((string) file_get_contents($path), true) : null;
        return is_array($found) ? $found : [];
    }

    /** @param array<mixed> $values */
    private static function text(array $values, string $name): string
    {
        return is_string($values[$name] ?? null) ? trim($values[$name]) : '';
    }
}
