<?php

declare(strict_types=1);

// Called after the configuration is saved: the log tells at once whether it is right.

require __DIR__ . '/src/all.php';

Callmeter\Check::run(__DIR__);
