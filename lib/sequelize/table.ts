// Table: a Sequelize model as its database sees it, and the way to tables that it leads to. Sequelize's own generator writes names and values.
import { literal, Op, Sequelize, type WhereOptions } from 'sequelize'
import utils from 'sequelize/lib/utils'
import { type Column, columnOf } from './column.js'
import { type Dialect, dialects } from './dialect.js'
import { type AnyModel, factsOf } from './schema.js'

/** What is used of Sequelize's query generator. */
interface Generator {
  quoteIdentifier(name: string, force?: boolean): string
  quoteTable(table: unknown): string
  escape(value: unknown): string
  getWhereConditions(where: unknown, prefix: null, model: AnyModel): string
}

/** A model as a table. */
export class Table {
  /** The model without its default scope: that is in {@link base}, where a condition cannot take its place. */
  readonly model: AnyModel
  readonly sequelize: Sequelize
  readonly dialect: Dialect
  readonly key: readonly string[]
  /** The name, in SQL. */
  readonly sql: string
  /** What holds of every row that is seen: the default scope, and that it is not deleted. */
  readonly base: string | undefined
  /** Whether a statement that writes a row may give it back: PostgreSQL can, but Sequelize mixes up columns that are called like other attributes. */
  readonly givesBack: boolean
  readonly #columns: ReadonlyMap<string, Column>
  readonly #generator: Generator

  constructor(model: AnyModel) {
    const { sequelize } = model
    if (!sequelize) throw new TypeError(`modelStore(): the model ${model.name} has not been initialized.`)
    // Two copies do not know one another's conditions, and every filter would fail.
    if (!(sequelize instanceof Sequelize))
      throw new TypeError(
        `modelStore(): the model ${model.name} is of another copy of sequelize than the one installed beside express-trestle; install it once.`,
      )
    const dialect = sequelize.getDialect() as Dialect
    if (!dialects.includes(dialect)) throw new TypeError(`modelStore(): the dialect '${dialect}' is none of ${dialects.join(', ')}.`)
    this.model = model.unscoped()
    this.sequelize = sequelize
    this.dialect = dialect
    this.#generator = sequelize.getQueryInterface().queryGenerator as Generator
    const { rawAttributes, primaryKeys, _scope } = factsOf(model)
    this.key = Object.keys(primaryKeys)
    if (this.key.length === 0) throw new TypeError(`modelStore(): the model ${model.name} has no primary key.`)
    if (_scope.include)
      throw new TypeError(
        `modelStore(): the default scope of ${model.name} has an 'include'; leave it out by ${model.name}.unscoped(), or say it as a row rule.`,
      )
    const stored = Object.values(rawAttributes).filter(({ type }) => type.key !== 'VIRTUAL')
    const quote = (name: string): string => this.#generator.quoteIdentifier(name)
    this.sql = this.#generator.quoteTable(model.getTableName())
    this.#columns = new Map(stored.map((attribute) => [attribute.fieldName, columnOf(attribute, dialect, this.sql, quote)]))
    this.base = this.#baseOf(model)
    this.givesBack = dialect === 'postgres' && !stored.some(({ fieldName, field = fieldName }) => field !== fieldName && Object.hasOwn(rawAttributes, field))
  }

  /** A column, by the name of its attribute. @throws TypeError where there is none */
  column(name: string): Column {
    const column = this.#columns.get(name)
    if (!column) throw new TypeError(`${this.model.name} has no column for '${name}'.`)
    return column
  }

  /** All columns. */
  get columns(): Iterable<Column> {
    return this.#columns.values()
  }

  /** A name for something in a result, in SQL; it keeps its capitals even where `quoteIdentifiers` is off. */
  alias(name: string): string {
    return this.#generator.quoteIdentifier(name, true)
  }

  /** A value, in SQL. */
  escape(value: unknown): string {
    return this.#generator.escape(value)
  }

  /** A condition of Sequelize's in SQL. The names in it are columns. @example table.condition({ [Op.and]: [] }) // '' */
  condition(where: unknown): string {
    return this.#generator.getWhereConditions(where, null, this.model)
  }

  /** The same with attributes for names, as applications write it. */
  foreignCondition(where: object): string {
    return this.condition(utils.mapWhereFieldNames(where, this.model))
  }

  // As Sequelize does it for every model: a scope's conditions, and those of paranoid models.
  #baseOf(model: AnyModel): string | undefined {
    const { rawAttributes, _scope, _timestampAttributes } = factsOf(model)
    const deletedAt = model.options.paranoid && model.options.timestamps !== false ? rawAttributes[_timestampAttributes.deletedAt ?? ''] : undefined
    const parts = [
      _scope.where && this.foreignCondition(_scope.where),
      deletedAt && this.condition({ [deletedAt.field ?? deletedAt.fieldName]: deletedAt.defaultValue || { [Op.eq]: null } }),
    ]
    return allSql(...parts)
  }
}

/** Conditions in SQL, joined; `undefined` where there is none. */
export function allSql(...parts: readonly (string | undefined)[]): string | undefined {
  const given = parts.filter((part) => part !== undefined && part !== '')
  return given.length > 1 ? given.map((part) => `(${part})`).join(' AND ') : given[0]
}

/** SQL as a condition that Sequelize takes, and that hooks may add to. */
export const asWhere = (sql: string | undefined): WhereOptions => ({ [Op.and]: sql === undefined ? [] : [literal(`(${sql})`)] }) as WhereOptions

/** What conditions and selections are about: a table, and where it leads. */
export interface Source {
  readonly table: Table
  /** The attributes that make a whole row. */
  readonly fields: readonly string[]
  /** How values go out, where not as they are. */
  readonly shows: ReadonlyMap<string, (value: unknown) => unknown>
  /** A relation by name. @throws TypeError where there is none */
  link(name: string): Link
}

/** How the rows of a table lead to rows of another. */
export interface Link {
  readonly many: boolean
  readonly target: Source
  /** The column here whose value… */
  readonly from: Column
  /** …stands in this column there… */
  readonly to: Column
  /** …of rows for which this holds; SQL. */
  readonly where: string | undefined
  /** A table in between: its columns for `from` and for `to`. */
  readonly through?: { readonly table: Table; readonly from: Column; readonly to: Column; readonly where: string | undefined } | undefined
}

/** A model association as a {@link Link}. */
export function linkOf(association: ModelAssociation, table: Table, target: Source): Link {
  const { associationType: kind, foreignKey, targetKey, sourceKey, otherKey, through, scope } = association
  const [key = ''] = table.key
  const [otherTableKey = ''] = target.table.key
  const scopeOf = (of: Table, conditions: object | null | undefined): string | undefined => (conditions ? of.foreignCondition(conditions) : undefined)
  if (kind === 'BelongsTo')
    return { many: false, target, from: table.column(foreignKey), to: target.table.column(targetKey ?? otherTableKey), where: undefined }
  const many = kind !== 'HasOne'
  const from = table.column(sourceKey ?? key)
  if (kind !== 'BelongsToMany' || !through) return { many, target, from, to: target.table.column(foreignKey), where: scopeOf(target.table, scope) }
  const between = new Table(through.model)
  return {
    many,
    target,
    from,
    to: target.table.column(targetKey ?? otherTableKey),
    where: scopeOf(target.table, scope),
    through: {
      table: between,
      from: between.column(foreignKey),
      to: between.column(otherKey ?? ''),
      where: allSql(between.base, scopeOf(between, through.scope)),
    },
  }
}

/** What is read of Sequelize's associations. */
export interface ModelAssociation {
  readonly associationType: string
  readonly target: AnyModel
  readonly foreignKey: string
  readonly targetKey?: string
  readonly sourceKey?: string
  readonly otherKey?: string
  readonly scope?: object | null
  readonly through?: { readonly model: AnyModel; readonly scope?: object | null }
}
