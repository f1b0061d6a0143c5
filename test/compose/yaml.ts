import { parsers } from 'prettier/plugins/yaml'

/** A node of the tree that Prettier makes of YAML. */
interface Node {
  type: string
  value?: string
  children?: (Node | null)[]
}

/** The mappings, lists and texts of a document; what YAML would take for a number or a flag stays a text. */
export function readYaml(text: string): unknown {
  const parse = parsers.yaml.parse as (text: string, options: object) => Node
  return valueOf(parse(text, {}))
}

function valueOf(node: Node | null): unknown {
  if (!node) return null
  const children = node.children ?? []
  switch (node.type) {
    case 'root':
    case 'mappingKey':
    case 'mappingValue':
    case 'flowMappingItem':
    case 'sequenceItem':
    case 'flowSequenceItem':
      return valueOf(children[0] ?? null)
    case 'document':
      // Its head is what stands before `---`.
      return valueOf(children[1] ?? null)
    case 'documentBody':
      return valueOf(children[0] ?? null)
    case 'mapping':
    case 'flowMapping':
      return Object.fromEntries(children.map((item) => entryOf(item!)))
    case 'sequence':
    case 'flowSequence':
      return children.map(valueOf)
    case 'plain':
    case 'quoteSingle':
    case 'quoteDouble':
      return node.value
    default:
      throw new Error(`this is read by no test: ${node.type}`)
  }
}

function entryOf({ children = [] }: Node): [string, unknown] {
  const [key, value] = children
  return [String(valueOf(key ?? null)), valueOf(value ?? null)]
}
