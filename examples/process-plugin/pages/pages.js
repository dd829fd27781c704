#!/usr/bin/env node
'use strict';
// An executor that keeps a page in Markdown for each row of a read model:
//
//   FOLDER/PIPELINE/current/TABLE/KEY.md
//
// A rebuild writes a folder of its own; `current` is a link that is replaced when it
// is done. The executor is not transactional: after a crash some pages are written
// again, with what they have already.

const fs = require('node:fs/promises');
const path = require('node:path');
const { parse, stringify } = require('lossless-json'); // JSON.parse rounds large numbers
const { serve } = require('./plugin.js');

let root; // of the pipeline
let folder; // of the generation
let keys; // the columns of each table's key
let interrupted = false;

// Condemned is what is wrong with an effect for ever.
class Condemned extends Error {}

async function open({ pipeline, generation, config }) {
  const given = config.length > 0 ? parse(config.toString()) : {};
  if (typeof given.folder !== 'string' || typeof given.keys !== 'object') {
    return { failure: { reason: 'config: needs `folder:`, and `keys:` with the columns of each table\'s key' } };
  }
  keys = new Map(Object.entries(given.keys));
  root = path.resolve(given.folder, pipeline);
  folder = path.join(root, `generation-${generation}`);
  await fs.mkdir(folder, { recursive: true });
  if ((await current()) === undefined) {
    await pointTo(folder);
  }
  return { handles: ['INSERT', 'UPDATE', 'DELETE'], active: await isActive() };
}

// current is the folder that readers see, if there is one.
async function current() {
  try {
    return path.join(root, await fs.readlink(path.join(root, 'current')));
  } catch (err) {
    if (err.code === 'ENOENT') return undefined;
    throw err;
  }
}

async function isActive() {
  return (await current()) === folder;
}

async function pointTo(target) {
  const fresh = path.join(root, 'next');
  await fs.rm(fresh, { force: true });
  await fs.symlink(path.basename(target), fresh);
  await fs.rename(fresh, path.join(root, 'current'));
}

async function execute({ through, effects }) {
  interrupted = false;
  for (const effect of effects) {
    const here = { cause: effect.cause, ordinal: effect.ordinal };
    if (interrupted) {
      return { position: 0, failure: { class: 'CANCELLED', reason: 'interrupted', done: here } };
    }
    try {
      await perform(effect);
    } catch (err) {
      return { position: 0, failure: { ...failure(err), ...here, done: here } };
    }
  }
  return { position: through };
}

// failure says what can be done about an error.
function failure(err) {
  if (err instanceof Condemned) return { class: 'POISON', reason: err.message };
  if (['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'EBUSY'].includes(err.code)) return { class: 'RETRY', reason: err.message };
  return { class: 'FATAL', reason: err.message };
}

async function perform({ kind, name, key, body }) {
  if (kind === 'INSERT') {
    const row = rowOf(body);
    return write(fileOf(name, keyOf(name, row)), name, row);
  }
  const file = fileOf(name, key);
  if (kind === 'DELETE') {
    return fs.rm(file, { force: true });
  }
  const row = await read(file); // an UPDATE
  return row && write(file, name, { ...row, ...rowOf(body) });
}

function rowOf(body) {
  let row;
  try {
    row = parse(body.toString());
  } catch (err) {
    throw new Condemned(`its body is not JSON: ${err.message}`);
  }
  if (typeof row !== 'object' || row === null || Array.isArray(row)) throw new Condemned('its body is no JSON object');
  return row;
}

// keyOf is a row's key as effects name it: text, or a JSON array of several columns.
function keyOf(table, row) {
  const columns = keys.get(table);
  if (columns === undefined) throw new Condemned(`there is no table ${table} under keys:`);
  const values = columns.map((column) => {
    if (row[column] === undefined || row[column] === null) throw new Condemned(`its column ${column} is empty`);
    return row[column];
  });
  return values.length === 1 ? String(values[0]) : stringify(values);
}

// fileOf is the page of a key. It lies in the table's folder, whatever the key.
function fileOf(table, key) {
  if (!keys.has(table)) throw new Condemned(`there is no table ${table} under keys:`);
  if (keys.get(table).length > 1) {
    try {
      key = stringify(parse(key)); // without spaces
    } catch (err) {
      throw new Condemned(`its key is no JSON array: ${err.message}`);
    }
  }
  const name = `${encodeURIComponent(key).replace(/^\./, '%2E')}.md`;
  if (name.length > 255) throw new Condemned('its key is too long for a file name');
  return path.join(folder, encodeURIComponent(table), name);
}

async function read(file) {
  try {
    const [, row] = (await fs.readFile(file, 'utf8')).split('\n', 2);
    return parse(row);
  } catch (err) {
    if (err.code === 'ENOENT') return undefined;
    throw err;
  }
}

// write replaces a page, or leaves it as it is.
async function write(file, table, row) {
  const lines = Object.entries(row).map(([column, value]) => `- ${column}: ${typeof value === 'string' ? value : stringify(value)}`);
  const text = `---\n${stringify(row)}\n---\n\n# ${table}\n\n${lines.join('\n')}\n`;
  await fs.mkdir(path.dirname(file), { recursive: true });
  const fresh = await fs.open(`${file}.new`, 'w', 0o600);
  try {
    await fresh.writeFile(text);
    await fresh.sync();
  } finally {
    await fresh.close();
  }
  await fs.rename(`${file}.new`, file);
}

async function activate() {
  const before = await current();
  if (before === folder) return {};
  await pointTo(folder);
  await fs.rm(before, { recursive: true, force: true });
  return {};
}

async function discard() {
  if (await isActive()) return { failure: { reason: 'the generation is the one that readers see' } };
  await fs.rm(folder, { recursive: true, force: true });
  return {};
}

serve(path.join(__dirname, '../../../sdk/process/wire/refold.proto'), {
  open,
  execute,
  activate,
  discard,
  close: () => ({}),
  interrupt: () => {
    interrupted = true;
    return {};
  },
}).catch((err) => {
  console.error(err);
  process.exit(1);
});
