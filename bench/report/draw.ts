import { darkStyle, ground, ink, line, type Colour } from './palette'

const fonts = "-apple-system, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif"

export interface TextLook {
  x: number
  y: number
  size?: number
  weight?: number
  fill?: Colour
  anchor?: 'start' | 'middle' | 'end'
}

export interface Picture {
  width: number
  height: number
  /** For those who do not see it. */
  title: string
}

/** A whole picture: it brings its ground along, and is light or dark as the page is that it stands on. */
export function picture({ width, height, title }: Picture, parts: readonly string[]): string {
  const edge = `width="${width - 1}" height="${height - 1}" rx="10" fill="${ground}" stroke="${line}"`
  const drawing = [`<rect x="0.5" y="0.5" ${edge}/>`, ...parts].join('\n')
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${fonts}" role="img">
<title>${escape(title)}</title>
${darkStyle(drawing)}
${drawing}
</svg>
`
}

export function text(words: string, look: TextLook): string {
  if (words === '') return ''
  const { x, y, size = 12, weight = 400, fill = ink, anchor = 'start' } = look
  return `<text x="${x}" y="${y}" font-size="${size}" font-weight="${weight}" fill="${fill}" text-anchor="${anchor}">${escape(words)}</text>`
}

export function rect(x: number, y: number, width: number, height: number, fill: Colour): string {
  return `<rect x="${x}" y="${y}" width="${round(width)}" height="${height}" rx="2" fill="${fill}"/>`
}

export function path(d: string, stroke: Colour, width = 1): string {
  return `<path d="${d}" fill="none" stroke="${stroke}" stroke-width="${width}"/>`
}

export function escape(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

export function round(value: number): number {
  return Math.round(value * 10) / 10
}
