<?php

declare(strict_types=1);

// Run by the CRM's schedule, or by hand: checks the settings and the connection, and says so in the log.

require __DIR__ . '/src/all.php';

exit(Callmeter\Check::run(__DIR__) ? 0 : 1);
