/** Every metric name in dashboards and alerts must exist in the service. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createMetrics } from '../../src/metrics/metrics.ts';

const deploy = join(import.meta.dirname, '../../deploy');

test('the service exposes every metric that a dashboard or an alert queries', async () => {
  const rendered = await createMetrics({ clock: { now: () => 0 } }).render();
  const exposed = new Set([...rendered.text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name as string));
  const files = [...globSync(join(deploy, 'grafana/dashboards/*.json')), join(deploy, 'prometheus/alerts.yml')];
  assert.equal(files.length, 5);
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    // A rate drops the metric's name: if two metrics are selected together, series that differ only in their names are
    // refused.
    assert.doesNotMatch(text, /__name__/, file);
    const asked = text.matchAll(/\b((?:integration|process|nodejs)_[a-z_]+?)(?:_bucket|_count|_sum)?(?=[^a-z_])/g);
    const names = new Set([...asked].map(([, name]) => name as string));
    assert.ok(names.size > 0, file);
    for (const name of names) assert.ok(exposed.has(name), `${name} of ${file}`);
  }
});

test('the four dashboards of the contract exist, and their panels do not overlap', () => {
  const titles: string[] = [];
  for (const file of globSync(join(deploy, 'grafana/dashboards/*.json'))) {
    const { title, panels } = JSON.parse(readFileSync(file, 'utf8')) as {
      title: string;
      panels: { id: number; title: string; gridPos: { x: number; y: number; w: number; h: number } }[];
    };
    titles.push(title);
    const cells = new Set<string>();
    for (const { gridPos, title: panel } of panels) {
      assert.ok(gridPos.x + gridPos.w <= 24, panel);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          assert.ok(!cells.has(`${x} ${y}`), `${title}: ${panel}`);
          cells.add(`${x} ${y}`);
        }
      }
    }
  }
  assert.deepEqual(titles.sort(), ['Cache Performance', 'Cost Tracking', 'Integration Overview', 'Rate Limits']);
});
