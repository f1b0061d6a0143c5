/** Colours on the light ground that each picture brings along, so that it can be read on a dark page. */
export const ink = '#1f2328'
export const faintInk = '#59636e'
export const line = '#d1d9e0'
export const good = '#1a7f37'
export const bad = '#cf222e'

export const fonts = "-apple-system, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif"

export interface TextLook {
  x: number
  y: number
  size?: number
  weight?: number
  fill?: string
  anchor?: 'start' | 'middle' | 'end'
}

export function text(words: string, look: TextLook): string {
  if (words === '') return ''
  const { x, y, size = 12, weight = 400, fill = ink, anchor = 'start' } = look
  return `<text x="${x}" y="${y}" font-size="${size}" font-weight="${weight}" fill="${fill}" text-anchor="${anchor}">${escape(words)}</text>`
}

export function rect(x: number, y: number, width: number, height: number, fill: string): string {
  return `<rect x="${x}" y="${y}" width="${round(width)}" height="${height}" rx="2" fill="${fill}"/>`
}

export function path(d: string, stroke: string, width = 1): string {
  return `<path d="${d}" fill="none" stroke="${stroke}" stroke-width="${width}"/>`
}

export function escape(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

export function round(value: number): number {
  return Math.round(value * 10) / 10
}
