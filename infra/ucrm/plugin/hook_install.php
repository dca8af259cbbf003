<?php

declare(strict_types=1);

// Called once the plugin is installed: what it needs of this server, and what comes next.

require __DIR__ . '/src/all.php';

foreach (['curl', 'json', 'hash'] as $extension) {
    if (! extension_loaded($extension)) {
        Callmeter\Log::add("PHP's extension $extension is missing on this server: the plugin cannot work without it.");
    }
}
Callmeter\Log::add('Installed. Now give the address of the call page and the link secret, save, and enable it.');
