<?php

declare(strict_types=1);

namespace Callmeter;

/** What public.php sends back: a page, or another address to go to. */
final class Answer
{
    private function __construct(
        private readonly int $status,
        private readonly string $html,
        private readonly string $location = '',
    ) {
    }

    public static function page(string $html, int $status = 200): self
    {
        return new self($status, $html);
    }

    public static function goTo(string $address): self
    {
        return new self(303, '', $address);
    }

    /** `$nonce` is what the page's style sheet carries: no other style or script is let in. */
    public function send(string $nonce): void
    {
        http_response_code($this->status);
        header_remove('X-Powered-By');
        header('Cache-Control: no-store');
        header('Referrer-Policy: no-referrer');
        header('X-Content-Type-Options: nosniff');
        header('X-Frame-Options: SAMEORIGIN');
        header(
            "Content-Security-Policy: default-src 'none'; style-src 'nonce-$nonce'; base-uri 'none';"
            . " form-action 'none'; frame-ancestors 'self'",
        );
        if ($this->location !== '') {
            header("Location: $this->location", true, $this->status);
            return;
        }
        header('Content-Type: text/html; charset=utf-8');
        echo $this->html;
    }
}
