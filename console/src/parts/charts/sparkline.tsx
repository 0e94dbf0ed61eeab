/** Bars of successes with failures on top. The text beside it says the same. */

interface SparklineProps {
  readonly calls: readonly number[];
  readonly errors: readonly number[];
  /** For a cache: hits, with misses on top. */
  readonly kind?: 'calls' | 'cache';
}

const height = 24;
const barWidth = 4;
const gap = 1;

export function Sparkline({ calls, errors, kind = 'calls' }: SparklineProps) {
  const most = Math.max(1, ...calls);
  const width = calls.length * (barWidth + gap);
  return (
    <svg
      class={`sparkline ${kind}`}
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      aria-hidden="true"
    >
      {calls.map((count, index) => {
        // One failed call among thousands stays visible.
        const whole = count === 0 ? 1 : Math.max(2, (count / most) * height);
        const failed = count === 0 ? 0 : Math.min(whole, ((errors[index] ?? 0) / count) * whole);
        const x = index * (barWidth + gap);
        return (
          <g key={x} class={count === 0 ? 'none' : ''}>
            <rect class="ok" x={x} y={height - whole + failed} width={barWidth} height={whole - failed} />
            {failed > 0 && <rect class="failed" x={x} y={height - whole} width={barWidth} height={failed} />}
          </g>
        );
      })}
    </svg>
  );
}
