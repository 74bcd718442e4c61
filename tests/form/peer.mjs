// What the portal makes of answers: its form's library fills in defaults, page by page, until
// nothing changes; its backend's validator judges the values by each page. Cases as JSON on
// standard input, results on standard output. Packages are found beside this file.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const require = createRequire(import.meta.url);
const { getDefaultFormState } = require('@rjsf/utils');
const { customizeValidator } = require('@rjsf/validator-ajv8');
const { validate } = require('jsonschema');

// The library says a lot about schemas that it doesn't like.
console.warn = () => {};
console.error = () => {};

const isObject = value => typeof value === 'object' && value !== null && !Array.isArray(value);
const copy = value => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));

// The portal takes what is said about looks out of the schema, wherever schemas are.
function bare(schema) {
  if (!isObject(schema)) return schema;
  const result = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key.startsWith('ui:')) continue;
    if (['properties', 'dependencies'].includes(key) && isObject(value)) {
      result[key] = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, bare(inner)]));
    } else if (['anyOf', 'oneOf', 'allOf'].includes(key) && Array.isArray(value)) {
      result[key] = value.map(bare);
    } else if (['items', 'then', 'else'].includes(key)) {
      result[key] = bare(value);
    } else {
      result[key] = value;
    }
  }
  return result;
}

function shown(page) {
  if (page['ui:backstage']?.featureFlag) return undefined;
  const { title, ...schema } = page;
  if (isObject(schema.properties)) {
    schema.properties = Object.fromEntries(
      Object.entries(schema.properties).filter(([, property]) => !property?.['ui:backstage']?.featureFlag),
    );
  }
  return bare(schema);
}

function filled(schema, data) {
  const validator = customizeValidator();
  for (let round = 0; round < 16; round++) {
    const next = copy(
      getDefaultFormState(validator, copy(schema), data, copy(schema), false, { allOf: 'populateDefaults' }),
    );
    if (JSON.stringify(next) === JSON.stringify(data)) break;
    data = next;
  }
  return data;
}

// What was answered stays, where the library drops what can't be chosen.
function keeping(state, given) {
  if (isObject(state) && isObject(given)) {
    const kept = { ...state };
    for (const [key, value] of Object.entries(given)) {
      kept[key] = key in state ? keeping(state[key], value) : value;
    }
    return kept;
  }
  if (Array.isArray(state) && Array.isArray(given)) {
    const kept = given.map((value, at) => (at < state.length ? keeping(state[at], value) : value));
    return kept.concat(state.slice(given.length));
  }
  return given;
}

function judge(page, values) {
  try {
    return validate(copy(values), page).valid;
  } catch (error) {
    return String(error.message);
  }
}

function result({ pages, answers }) {
  let state = answers;
  let plain = answers;
  try {
    for (const page of pages) {
      const schema = shown(page);
      if (!schema) continue;
      plain = { ...plain, ...filled(schema, plain) };
      state = keeping({ ...state, ...filled(schema, state) }, state);
    }
  } catch (error) {
    return { broken: String(error.message) };
  }
  return { state, plain, accepted: pages.map(page => judge(page, state)) };
}

const cases = JSON.parse(readFileSync(0, 'utf8'));
process.stdout.write(JSON.stringify(cases.map(result)));
