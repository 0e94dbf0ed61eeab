import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { createDataDir } from '../../../test/support/data-dir.ts';
import { silentLogger } from '../../../test/support/database.ts';
import { sampleLog } from '../../../test/support/intake-samples.ts';
import { createMasker } from '../../audit/mask.ts';
import { newId } from '../../ids.ts';
import { prepareRecord } from '../../intake/prepare.ts';
import { openSpool } from '../../intake/spool.ts';
import { createKeyring } from '../../secrets/keyring.ts';
import { checkDataDir } from './check-data-dir.ts';

test('the spool of a running service counts as empty until records wait in it, and set-aside records are reported', async (t) => {
  const dataDir = await createDataDir(t);
  const keyring = createKeyring([{ id: 'test', key: Buffer.alloc(32, 5) }]);
  const spool = await openSpool({ path: join(dataDir, 'spool'), keyring, logger: silentLogger });
  t.after(() => spool.close());
  const record = prepareRecord({ masker: createMasker(), origin: newId() }, { logs: [sampleLog()] });
  const said = async () =>
    (await checkDataDir(dataDir)).flatMap(({ check, detail }) => (check === 'spool' ? [detail] : []));

  assert.deepEqual(await said(), ['empty']);
  await spool.append([record]);
  assert.deepEqual(await said(), ['1 file to be stored']);
  await spool.setAside([record]);
  assert.match((await said())[1] ?? '', /^1 file of records that could not be read/);
});
