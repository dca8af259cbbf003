<?php

declare(strict_types=1);

namespace Callmeter;

/** Something that keeps a page from being made. Its text is for the admin: what, where, what to do; no secrets. */
final class Trouble extends \RuntimeException
{
}
