import type { Options, Plugin } from 'prettier'
import * as babel from 'prettier/plugins/babel'
import * as estree from 'prettier/plugins/estree'
import * as markdown from 'prettier/plugins/markdown'
import * as typescript from 'prettier/plugins/typescript'
import { format } from 'prettier/standalone'
import config from '../../.prettierrc.json'

const parsers: Readonly<Record<string, string>> = {
  ts: 'typescript',
  md: 'markdown',
  json: 'json',
}

/** The text as the project's Prettier wants it. SQL stays as it is. */
export async function formatted(path: string, text: string): Promise<string> {
  const parser = parsers[path.replace(/^.*\./, '')]
  if (!parser) return text
  const plugins = [babel, estree as Plugin, markdown, typescript]
  return format(text, { ...(config as Options), parser, plugins })
}
