<?php

declare(strict_types=1);

namespace Callmeter;

/** JSON Web Tokens, HS256 (RFC 7519), as callmeter reads them: layers/callmeter/portal/tokens.py. */
final class Token
{
    public const LINK = 'callmeter-link';
    public const OPERATOR = 'callmeter-operator';
    private const SECONDS = 300;

    public static function sign(string $subject, string $audience, #[\SensitiveParameter] string $secret): string
    {
        $now = time();
        $claims = ['sub' => $subject, 'aud' => $audience, 'iat' => $now, 'exp' => $now + self::SECONDS];
        $signed = self::part(['alg' => 'HS256', 'typ' => 'JWT']) . '.' . self::part($claims);
        return $signed . '.' . self::base64(hash_hmac('sha256', $signed, $secret, true));
    }

    /** @param array<string, int|string> $values */
    private static function part(array $values): string
    {
        return self::base64(json_encode($values, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES));
    }

    private static function base64(string $bytes): string
    {
        return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    }
}
