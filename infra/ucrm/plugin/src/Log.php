<?php

declare(strict_types=1);

namespace Callmeter;

/** data/plugin.log, which the CRM shows on the plugin's page: its newest lines. */
final class Log
{
    private const PATH = __DIR__ . '/../data/plugin.log';
    private const LINES = 200;

    public static function add(string $text): void
    {
        $line = gmdate('Y-m-d\TH:i:s\Z') . ' ' . preg_replace('~[\x00-\x1f\x7f]+~', ' ', $text);
        $file = @fopen(self::PATH, 'c+');
        if ($file === false || ! flock($file, LOCK_EX)) {
            error_log("callmeter: $line");
            return;
        }
        $lines = explode("\n", rtrim((string) stream_get_contents($file)));
        $kept = array_slice([...array_filter($lines), $line], -self::LINES);
        ftruncate($file, 0);
        rewind($file);
        fwrite($file, implode("\n", $kept) . "\n");
        fclose($file);
    }
}
