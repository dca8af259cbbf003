<?php

declare(strict_types=1);

namespace Callmeter;

/** Are the settings complete, and does callmeter answer? Said in the log, which the CRM shows. */
final class Check
{
    public static function run(string $folder): bool
    {
        $settings = Settings::read($folder);
        $problems = $settings->problems();
        if ($problems === []) {
            try {
                $catalogue = (new Callmeter($settings))->status()['catalogue'];
                Log::add("callmeter answers: rates {$catalogue['version']}, {$catalogue['accounts']} accounts.");
                return true;
            } catch (Trouble $trouble) {
                $problems = [$trouble->getMessage()];
            }
        }
        foreach ($problems as $problem) {
            Log::add($problem);
        }
        return false;
    }
}
