/** Every colour of the pictures, and what stands in its place where the page around them is dark. */
const inTheDark = {
  '#ffffff': '#0d1117',
  '#1f2328': '#e6edf3',
  '#59636e': '#9198a1',
  '#d1d9e0': '#3d444d',
  '#f0f2f4': '#262c36',
  '#1a7f37': '#3fb950',
  '#cf222e': '#f85149',
  '#0969da': '#4493f8',
  '#54aeff': '#9ecbff',
  '#9aa4af': '#6e7781',
  '#d4792a': '#db8b42',
  '#80ccff': '#0b4a7a',
  '#ffb77c': '#7a3d0a',
  '#7ee2a8': '#11552f',
  '#d8b9ff': '#56338a',
  '#f0d060': '#5c4a08',
  '#d0d7de': '#3a424c',
  '#ff9a9a': '#7d2323',
} as const

export type Colour = keyof typeof inTheDark

export const ground: Colour = '#ffffff'
export const ink: Colour = '#1f2328'
export const faintInk: Colour = '#59636e'
export const line: Colour = '#d1d9e0'
export const track: Colour = '#f0f2f4'
export const good: Colour = '#1a7f37'
export const bad: Colour = '#cf222e'

/**
 * The style that has a drawing follow the page it stands on. The light colours stay in the attributes, so that
 * whatever knows no media queries still shows them.
 */
export function darkStyle(drawing: string): string {
  const rules = Object.entries(inTheDark).flatMap(([light, dark]) =>
    ['fill', 'stroke']
      .filter((kind) => drawing.includes(`${kind}="${light}"`))
      .map((kind) => `  [${kind}='${light}'] { ${kind}: ${dark} }`),
  )
  return `<style>\n@media (prefers-color-scheme: dark) {\n${rules.join('\n')}\n}\n</style>`
}
