<?php

declare(strict_types=1);

// The plugin's one address. Clients are sent on to their call page, signed in; admins see status and figures.

namespace Callmeter;

require __DIR__ . '/src/all.php';

function answer(Page $page): Answer
{
    $settings = Settings::read(__DIR__);
    $user = Crm::currentUser($settings, $_COOKIE);
    if ($user === null) {
        return Answer::page($page->message('Please log in', 'Log in to see this page, then open it again.'), 403);
    }
    return $user['isClient'] ? forClient($page, $settings, $user) : forAdmin($page, $settings, $user);
}

/** @param array<mixed> $user */
function forClient(Page $page, Settings $settings, array $user): Answer
{
    if (! is_int($user['clientId'] ?? null)) {
        throw new Trouble('The CRM does not tell which client is logged in.');
    }
    if ($problems = $settings->problems()) {
        throw new Trouble(implode(' ', $problems));
    }
    $callmeter = new Callmeter($settings);
    $accounts = $callmeter->accountsOf($user['clientId']);
    $ids = array_column($accounts, 'account_id');
    if ($ids === []) {
        return Answer::page($page->message('No calls here yet', 'You have no telephone account with us yet.'), 404);
    }
    $chosen = $_GET['account'] ?? null;
    if ($chosen === null && count($ids) > 1) {
        return Answer::page($page->choice($accounts));
    }
    // The address may ask for any account: only the client's own are opened.
    if ($chosen !== null && ! in_array($chosen, $ids, true)) {
        return Answer::page($page->message('Not found', 'This is not one of your telephone accounts.'), 404);
    }
    return Answer::goTo($callmeter->link($chosen ?? $ids[0]));
}

/** @param array<mixed> $user */
function forAdmin(Page $page, Settings $settings, array $user): Answer
{
    if (! Crm::maySeeFigures($user)) {
        $why = 'This page is for users who may see invoices and financial information.';
        return Answer::page($page->message('Not for you', $why), 403);
    }
    if ($problems = $settings->problems()) {
        return Answer::page($page->problems('callmeter is not set up yet', $problems));
    }
    try {
        return Answer::page($page->status((new Callmeter($settings))->status()));
    } catch (Trouble $trouble) {
        return Answer::page($page->problems('callmeter cannot be asked', [$trouble->getMessage()]), 503);
    }
}

$nonce = bin2hex(random_bytes(16));
$page = new Page($nonce);
try {
    $answer = answer($page);
} catch (Trouble $trouble) {
    Log::add($trouble->getMessage());
    $answer = Answer::page($page->message('Not available', 'Please try again in a few minutes.'), 503);
} catch (\Throwable $error) {
    Log::add('A page could not be made: ' . $error::class . ": {$error->getMessage()} in line {$error->getLine()}.");
    $answer = Answer::page($page->message('Not available', 'Please try again in a few minutes.'), 500);
}
$answer->send($nonce);
