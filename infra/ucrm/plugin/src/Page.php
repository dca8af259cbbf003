<?php

declare(strict_types=1);

namespace Callmeter;

/** The plugin's pages as HTML. Whatever is not of this file goes through `text`. */
final class Page
{
    private const STYLE = <<<'CSS'
        :root { color-scheme: light dark; font: 16px/1.5 system-ui, "Segoe UI", Roboto, sans-serif; }
        body { margin: 0 auto; max-width: 56rem; padding: 1.5rem 1rem; }
        h1 { font-size: 1.4rem; } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
        table { border-collapse: collapse; width: 100%; }
        th, td { padding: .35rem .6rem; text-align: left; border-bottom: 1px solid #8884; vertical-align: top; }
        .wide { overflow-x: auto; }
        .n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
        .soft { opacity: .7; font-size: .9rem; }
        .bad { border-left: .25rem solid #c0392b;
            padding: .5rem .8rem; background: #c0392b18; overflow-wrap: anywhere; }
        ul.choice { list-style: none; padding: 0; }
        ul.choice a { display: block; padding: .8rem 1rem; margin: .5rem 0;
            border: 1px solid #8886; border-radius: .5rem; text-decoration: none; color: inherit; }
        CSS;

    public function __construct(private readonly string $nonce)
    {
    }

    public function message(string $title, string ...$paragraphs): string
    {
        $html = '';
        foreach ($paragraphs as $paragraph) {
            $html .= '<p>' . self::text($paragraph) . '</p>';
        }
        return $this->whole($title, $html);
    }

    /** @param list<string> $problems */
    public function problems(string $title, array $problems): string
    {
        $html = '';
        foreach ($problems as $problem) {
            $html .= '<p class="bad">' . self::text($problem) . '</p>';
        }
        return $this->whole($title, $html);
    }

    /** @param list<array<mixed>> $accounts */
    public function choice(array $accounts): string
    {
        $html = '';
        foreach ($accounts as $account) {
            $address = '?account=' . rawurlencode((string) $account['account_id']);
            $numbers = array_map(static fn ($number): string => "+$number", (array) ($account['numbers'] ?? []));
            $told = implode(', ', $numbers) . (isset($account['valid_to']) ? " (until {$account['valid_to']})" : '');
            $html .= '<li><a href="' . self::text($address) . '">' . self::text($account['name'] ?? '')
                . '<br><span class="soft">' . self::text(trim($told) ?: $account['account_id']) . '</span></a></li>';
        }
        return $this->whole('Which calls would you like to see?', "<ul class=\"choice\">$html</ul>");
    }

    /** @param array<mixed> $status as layers/callmeter/portal/operator.py makes it */
    public function status(array $status): string
    {
        $html = $this->catalogue($status['catalogue']) . $this->periods($status['periods'])
            . $this->bills($status['bills']) . $this->rejects($status['rejects']);
        return $this->whole('Calls', $html . '<p class="soft">As of ' . self::text($status['at']) . '</p>');
    }

    /** @param list<array<mixed>> $periods */
    private function periods(array $periods): string
    {
        $rows = [];
        foreach ($periods as $one) {
            $charges = [];
            foreach ((array) $one['charge'] as $currency => $charge) {
                $charges[] = self::money($charge, $currency);
            }
            $counts = [$one['accounts'], $one['calls'], $one['late_calls'], intdiv($one['billed_seconds'] + 59, 60)];
            $rows[] = [$one['period'], ...array_map(self::count(...), $counts), implode("\n", $charges) ?: '-'];
        }
        $heads = ['Periods beginning in', 'Accounts', 'Calls', 'Price to follow', 'Minutes billed', 'Charges'];
        return '<h2>This month and last</h2>' . $this->table($heads, $rows, numbersFrom: 1);
    }

    /** @param array<mixed> $bills */
    private function bills(array $bills): string
    {
        $told = ['Not finished: ' . self::count($bills['open']) . self::of($bills, $bills['open'])];
        foreach ($bills['states'] as $state => $count) {
            $told[] = "$state: " . self::count($count);
        }
        $told[] = 'with a problem: ' . self::count($bills['with_problem']);
        $html = '<h2>Bills</h2><p>' . self::text(implode(', ', $told)) . '</p>';
        $rows = [];
        foreach ($bills['problems'] as $one) {
            $amount = self::money($one['amount'], $one['currency']);
            $rows[] = [$one['account_id'], $one['period'], $one['state'], $one['problem'], $amount];
        }
        return $rows === [] ? $html
            : $html . $this->table(['Account', 'Period', 'State', 'Problem', 'Amount'], $rows, numbersFrom: 4);
    }

    /** @param array<mixed> $rejects */
    private function rejects(array $rejects): string
    {
        $rows = [];
        foreach ($rejects['reasons'] as $reason => $count) {
            $rows[] = [$reason, self::count($count)];
        }
        $html = '<h2>Rows that could not be rated</h2>';
        return $rows === [] ? "$html<p>None.</p>"
            : "$html<p>Files: " . self::count($rejects['files']) . self::of($rejects, $rejects['files']) . '</p>'
                . $this->table(['Reason', 'Rows'], $rows, numbersFrom: 1);
    }

    /** @param array<mixed> $catalogue */
    private function catalogue(array $catalogue): string
    {
        $html = '<p>' . self::text(
            $catalogue['version'] === '' ? 'No rates are in force yet.' : sprintf(
                'Rates in force: version %s, with %s accounts and %s plans.',
                $catalogue['version'],
                self::count($catalogue['accounts']),
                self::count($catalogue['plans']),
            ),
        ) . '</p>';
        if ($catalogue['refused_problems'] === 0) {
            return $html;
        }
        $html .= '<p class="bad">' . self::text('Newer reference files were refused, and are not used:');
        foreach ($catalogue['refused'] as $problem) {
            $html .= '<br>' . self::text($problem);
        }
        return $html . '</p>';
    }

    /**
     * @param list<string> $heads
     * @param list<list<string>> $rows
     */
    private function table(array $heads, array $rows, int $numbersFrom): string
    {
        $html = '';
        foreach (['th' => [$heads], 'td' => $rows] as $tag => $lines) {
            foreach ($lines as $line) {
                $html .= '<tr>';
                foreach ($line as $place => $cell) {
                    $class = $place >= $numbersFrom ? ' class="n"' : '';
                    $html .= "<$tag$class>" . nl2br(self::text($cell), false) . "</$tag>";
                }
                $html .= '</tr>';
            }
        }
        return "<div class=\"wide\"><table>$html</table></div>";
    }

    private function whole(string $title, string $html): string
    {
        $title = self::text($title);
        return "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>$title</title>"
            . '<meta name="viewport" content="width=device-width, initial-scale=1">'
            . "<style nonce=\"$this->nonce\">" . self::STYLE . '</style></head>'
            . "<body><h1>$title</h1>$html</body></html>";
    }

    /**
     * Of how many the figures speak, where that is not all.
     * @param array<mixed> $part
     */
    private static function of(array $part, int $all): string
    {
        return $part['looked_at'] < $all ? ' (' . self::count($part['looked_at']) . ' looked at)' : '';
    }

    private static function count(int $number): string
    {
        return number_format($number);
    }

    /** An exact amount, as text, with its thousands apart: no float comes near it. */
    private static function money(string $amount, string $currency): string
    {
        [$whole, $decimals] = [...explode('.', $amount, 2), ''];
        return preg_replace('~\B(?=(\d{3})+$)~', ',', $whole) . ($decimals === '' ? '' : ".$decimals") . " $currency";
    }

    private static function text(mixed $value): string
    {
        $text = is_scalar($value) ? (string) $value : '';
        return htmlspecialchars($text, ENT_QUOTES | ENT_SUBSTITUTE | ENT_HTML5, 'UTF-8');
    }
}
