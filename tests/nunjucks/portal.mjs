// Renders each case as the portal's template action (and its steps) would: cases come in as
// JSON, outcomes go out as JSON. Run in the folder where the portal's packages are.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const packages = createRequire(join(process.argv[2], 'package.json'));
const { createTemplateRenderer } = packages('nunjitsu');
const fromPortal = path => packages(join(process.argv[2], 'node_modules', path));
const { createDefaultFilters } = fromPortal(
  '@backstage/plugin-scaffolder-backend/dist/lib/templating/filters/createDefaultFilters.cjs.js',
);
const { convertFiltersToRecord, collectTemplateCapabilities } = fromPortal(
  '@backstage/plugin-scaffolder-backend/dist/util/templating.cjs.js',
);
const { ScmIntegrations } = packages('@backstage/integration');
const { ConfigReader } = packages('@backstage/config');

const integrations = ScmIntegrations.fromConfig(new ConfigReader({}));
const { filters } = collectTemplateCapabilities({
  filters: convertFiltersToRecord(createDefaultFilters({ integrations })),
});

const outcome = run => {
  try {
    return { ok: run() ?? null };
  } catch (error) {
    return { refused: String(error.message) };
  }
};

const cases = JSON.parse(readFileSync(0, 'utf8'));
const outcomes = cases.map(({ template, context, compat, trim, lstrip, typed }) => {
  const renderer = createTemplateRenderer({
    filters,
    globals: typed ? { always: () => true, failure: () => false } : {},
    allowRegexExecution: true,
    cookiecutterCompat: compat,
    trimBlocks: trim,
    lstripBlocks: lstrip,
  });
  return outcome(() => {
    const prepared = renderer.prepareContext(context);
    return typed ? renderer.renderValue(template, prepared) : renderer.render(template, prepared);
  });
});
// Half of a character is written to a file as U+FFFD.
const whole = (_, value) => (typeof value === 'string' ? value.toWellFormed() : value);
process.stdout.write(JSON.stringify(outcomes, whole));
