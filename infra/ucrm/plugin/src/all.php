<?php

declare(strict_types=1);

// What every entry of the plugin begins with. Nothing of an error may reach a browser: it goes to the log.
ini_set('display_errors', '0');
error_reporting(E_ALL);

foreach (['Trouble', 'Settings', 'Log', 'Http', 'Crm', 'Token', 'Callmeter', 'Answer', 'Page', 'Check'] as $name) {
    require __DIR__ . "/$name.php";
}
