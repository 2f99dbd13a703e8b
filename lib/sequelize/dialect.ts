// Dialect: the databases that are known, by the names that Sequelize has for them.

/** The databases that are known. */
export const dialects = ['sqlite', 'postgres', 'mariadb'] as const

/** One of {@link dialects}. */
export type Dialect = (typeof dialects)[number]
