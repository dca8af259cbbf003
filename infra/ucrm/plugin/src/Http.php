<?php

declare(strict_types=1);

namespace Callmeter;

/** GET, and the JSON that comes back. */
final class Http
{
    private const CONNECT_SECONDS = 5;
    private const ANSWER_SECONDS = 25;

    /**
     * @param list<string> $headers
     * @return array{int, mixed} status and decoded body, null where it is no JSON
     * @throws Trouble where nothing answers
     */
    public static function get(string $url, #[\SensitiveParameter] array $headers): array
    {
        $call = curl_init($url);
        curl_setopt_array($call, [
            CURLOPT_HTTPHEADER => ['Accept: application/json', ...$headers],
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_FOLLOWLOCATION => false,
            CURLOPT_PROTOCOLS => CURLPROTO_HTTP | CURLPROTO_HTTPS,
            CURLOPT_CONNECTTIMEOUT => self::CONNECT_SECONDS,
            CURLOPT_TIMEOUT => self::ANSWER_SECONDS,
            // The CRM's own certificate is not made out to "localhost".
            CURLOPT_SSL_VERIFYPEER => ! self::isThisMachine($url),
            CURLOPT_SSL_VERIFYHOST => self::isThisMachine($url) ? 0 : 2,
        ] + (self::isThisMachine($url) ? [CURLOPT_NOPROXY => '*'] : []));
        $body = curl_exec($call);
        if (! is_string($body)) {
            throw new Trouble(parse_url($url, PHP_URL_HOST) . ' does not answer: ' . curl_error($call));
        }
        return [curl_getinfo($call, CURLINFO_RESPONSE_CODE), json_decode($body, true)];
    }

    public static function isThisMachine(string $url): bool
    {
        return in_array(parse_url($url, PHP_URL_HOST), ['localhost', '127.0.0.1', '[::1]'], true);
    }
}
