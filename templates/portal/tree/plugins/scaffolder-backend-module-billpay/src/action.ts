import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { resolveSafeChildPath, type UrlReaderService } from '@backstage/backend-plugin-api';
import { InputError } from '@backstage/errors';
import type { ScmIntegrations } from '@backstage/integration';
import { createTemplateAction, fetchContents } from '@backstage/plugin-scaffolder-node';
import type { JsonObject } from '@backstage/types';
import { run } from './run';

/** What the action needs of the portal. */
export type ScaffoldOptions = {
  binary: string;
  timeoutSeconds: number;
  integrations: ScmIntegrations;
  reader: UrlReaderService;
};

/** The part of billpay's answer that is used here; its schema is `billpay/scaffold-new/v1`. */
type Scaffolded = { template: string; files: { path: string }[] };

const NAME = /^[a-z0-9][a-z0-9-]*$/;
const FOLDER = /^\.\/./;
// Neither of them can be taken for an option of Git or billpay.
const REF = /^[A-Za-z0-9][A-Za-z0-9._/+-]*$/;

/** The action `billpay:scaffold`: files of a project, made by billpay. */
export function createScaffoldAction(options: ScaffoldOptions) {
  const { binary, integrations, reader } = options;

  /** What `billpay scaffold` is given as its template. */
  async function source(template: string, baseUrl: string | undefined, scratch: string): Promise<string> {
    if (NAME.test(template)) return template;
    if (FOLDER.test(template)) {
      const folder = path.join(scratch, 'template');
      await fetchContents({ reader, integrations, baseUrl, fetchUrl: template, outputPath: folder });
      return folder;
    }
    const url = URL.canParse(template) ? new URL(template) : undefined;
    if (url?.protocol !== 'https:' || url.username || url.password) {
      throw new InputError(`"${template}" is no template: give a name, ./folder or https://host/owner/repository`);
    }
    if (!integrations.byUrl(url)) {
      throw new InputError(`${url.host} is not a host under "integrations" of this portal`);
    }
    return url.href;
  }

  return createTemplateAction({
    id: 'billpay:scaffold',
    description: 'Makes the files of a project with billpay, which can update it later',
    supportsDryRun: true,
    examples: [
      {
        description: 'A service, from the template that billpay brings along',
        example: `steps:
  - id: project
    action: billpay:scaffold
    input:
      template: billpay-service
      values:
        name: invoice-service
`,
      },
    ],
    schema: {
      input: {
        template: z =>
          z.string().min(1).describe('Name of a template of billpay, ./folder beside this template, or a Git repository'),
        ref: z => z.string().regex(REF).optional().describe('Branch, tag or commit of a repository'),
        directory: z => z.string().regex(REF).optional().describe('Folder of the template in its repository'),
        values: z => z.record(z.string(), z.unknown()).optional().describe('The answers'),
        targetPath: z => z.string().optional().describe('Folder of the workspace that the project goes to'),
      },
      output: {
        files: z => z.array(z.string()).describe('Paths of the files in the workspace'),
        template: z => z.string().describe('The template, as the project remembers it'),
        version: z => z.string().describe('Version of billpay'),
      },
    },
    async handler(ctx) {
      const { template, ref, directory, values = {}, targetPath = '.' } = ctx.input;
      const out = resolveSafeChildPath(ctx.workspacePath, targetPath);
      const scratch = await mkdtemp(path.join(os.tmpdir(), 'billpay-'));
      try {
        const from = await source(template, ctx.templateInfo?.baseUrl, scratch);
        const billpay = (args: string[], input: JsonObject | undefined = undefined) =>
          run({
            binary,
            args,
            input: input && JSON.stringify(input),
            home: scratch,
            timeoutSeconds: options.timeoutSeconds,
            signal: ctx.signal,
            log: line => ctx.logger.info(line),
          });
        const version = await billpay(['--version']);
        const answer = await billpay(
          [
            'scaffold',
            from,
            ...(ref ? ['--ref', ref] : []),
            ...(directory ? ['--directory', directory] : []),
            '--values',
            '-',
            '--out',
            out,
            '--output',
            'json',
          ],
          values as JsonObject,
        );
        const made: Scaffolded = JSON.parse(answer);
        ctx.output(
          'files',
          made.files.map(file => path.posix.join(targetPath, file.path)),
        );
        ctx.output('template', made.template);
        ctx.output('version', version.trim().replace(/^billpay /, ''));
      } finally {
        await rm(scratch, { recursive: true, force: true });
      }
    },
  });
}
