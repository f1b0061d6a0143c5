import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { projectFolder } from '../harness/program'
import { readText } from './markdown'

const folders = ['docs/images', 'bench/results']
const pictures = folders.flatMap((folder) =>
  readdirSync(join(projectFolder, folder))
    .filter((name) => name.endsWith('.svg'))
    .map((name) => `${folder}/${name}`),
)

/** The colours of a picture by what they are given to: `.small fill`, `[stroke='#2563eb'] stroke`. */
type Colours = Record<string, string>

interface Look {
  light: Colours
  dark: Colours
}

/** The rules of its style sheet, and a rule for each colour that stands in an attribute. */
function lookOf(svg: string): Look {
  const [, style = ''] = /<style>([^]*?)<\/style>/.exec(svg) ?? []
  const [always = '', inTheDark = ''] = style.split('@media (prefers-color-scheme: dark) {')
  const drawing = svg.slice(svg.indexOf('</style>'))
  const attributes = [...drawing.matchAll(/ (fill|stroke)="(#\w+)"/g)].map(
    ([, kind, colour]) => [`[${kind}='${colour}'] ${kind}`, colour!] as const,
  )
  return {
    light: { ...coloursOf(always), ...Object.fromEntries(attributes) },
    dark: coloursOf(inTheDark),
  }
}

function coloursOf(style: string): Colours {
  return Object.fromEntries(
    [...style.matchAll(/([^{}]+)\{([^{}]*)\}/g)].flatMap(([, selector = '', body = '']) =>
      [...body.matchAll(/\b(fill|stroke): *(#\w+)/g)].map(([, kind, colour]) => [
        `${selector.trim()} ${kind}`,
        colour!,
      ]),
    ),
  )
}

/** As WCAG has it, from 1 to 21. */
function contrast(one: string, other: string): number {
  const [dim = 0, bright = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (bright + 0.05) / (dim + 0.05)
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = parseInt(colour.slice(at, at + 2), 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

test('there are pictures', () => {
  expect(pictures.length).toBeGreaterThan(8)
})

test.each(pictures)('%s has a dark colour for each light one', (path) => {
  const svg = readText(path)
  const { light, dark } = lookOf(svg)
  expect(Object.keys(dark).sort()).toEqual(Object.keys(light).sort())
  // Such a colour would win over the style sheet.
  expect(svg).not.toMatch(/style="[^"]*(fill|stroke):/)
})

test.each(pictures)('%s can be read on its ground, light or dark', (path) => {
  const svg = readText(path)
  const { light, dark } = lookOf(svg)
  const ground = "[fill='#ffffff'] fill"
  const used = [...svg.matchAll(/<text[^>]*?(?: class="([^"]+)"| fill="(#\w+)")/g)].map(
    ([, names, fill]) => (fill ? `[fill='${fill}'] fill` : `.${names!.split(' ').at(-1)} fill`),
  )
  // What stands `on` a filled shape has that for its ground.
  const written = [...new Set(used)].filter((name) => name in light && name !== '.on fill')
  for (const colours of [light, dark]) {
    const faint = written.filter((name) => contrast(colours[name]!, colours[ground]!) < 4.5)
    expect(faint).toEqual([])
  }
})

test.each(pictures)('%s says what it shows to those who do not see it', (path) => {
  const svg = readText(path)
  expect(svg).toMatch(/<svg[^>]* role="img"/)
  expect(svg).toMatch(/<title[^>]*>[^<]{10,}<\/title>/)
})
