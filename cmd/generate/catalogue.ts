import type { Executor } from '../../internal/postgres/query'
import {
  listClosedFunctions,
  listColumns,
  listComments,
  listConstraints,
  listFunctions,
  listGrants,
  listIndexes,
  listTables,
  listTriggers,
  listUnwritten,
  type ListColumnsRow,
  type ListConstraintsRow,
  type ListGrantsRow,
  type ListFunctionsRow,
  type ListIndexesRow,
  type ListTablesRow,
  type ListTriggersRow,
} from '../../internal/sqlgen/catalogue.sql.ts'

export type Column = ListColumnsRow
export type Constraint = ListConstraintsRow
export type Grant = ListGrantsRow

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
  functions: ListFunctionsRow[]
  comments: string[]
  /** What others than the owner may do. */
  grants: Grant[]
  /** Functions that not everybody may call. */
  closedFunctions: string[]
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
    grants: await listGrants(db),
    closedFunctions: (await listClosedFunctions(db)).map((row) => row.name),
    functions: await listFunctions(db),
    comments: (await listComments(db)).map((row) => row.statement),
  }
}
