import type { Executor } from '../../internal/postgres/query'
import {
  listColumns,
  listComments,
  listConstraints,
  listFunctions,
  listIndexes,
  listTables,
  listTriggers,
  listUnwritten,
  type ListColumnsRow,
  type ListConstraintsRow,
  type ListIndexesRow,
  type ListTablesRow,
  type ListTriggersRow,
} from '../../internal/sqlgen/catalogue.sql.ts'

export type Column = ListColumnsRow
export type Constraint = ListConstraintsRow

/** A table with all that belongs to it. */
export interface Table extends ListTablesRow {
  columns: Column[]
  constraints: Constraint[]
  indexes: ListIndexesRow[]
  triggers: ListTriggersRow[]
}

export interface Catalogue {
  tables: Table[]
  /** In the order in which they can be made. */
  constraints: Constraint[]
  functions: string[]
  comments: string[]
}

/** Reads the schema; throws when it holds something that would be left out. */
export async function readCatalogue(db: Executor): Promise<Catalogue> {
  const [unwritten] = await listUnwritten(db)
  if (unwritten) throw new Error(`schema.sql cannot describe a ${unwritten.description} yet`)
  const tables = await listTables(db)
  const columns = await listColumns(db)
  const constraints = await listConstraints(db)
  const indexes = await listIndexes(db)
  const triggers = await listTriggers(db)
  return {
    tables: tables.map((table) => {
      const ofTable = (row: { table_name: string }) => row.table_name === table.name
      return {
        ...table,
        columns: columns.filter(ofTable),
        constraints: constraints.filter(ofTable),
        indexes: indexes.filter(ofTable),
        triggers: triggers.filter(ofTable),
      }
    }),
    constraints,
    functions: (await listFunctions(db)).map((row) => row.definition),
    comments: (await listComments(db)).map((row) => row.statement),
  }
}
