// The subpath express-trestle/sequelize: Sequelize models as resources and stores, and permissions in tables.
export { model } from './sequelize/model.js'
export type { ModelOptions } from './sequelize/options.js'
export { type PermissionTables, type PermissionTablesOptions, permissions, type SyncReport } from './sequelize/permissions.js'
export { type SchemaOptions, schemaOf } from './sequelize/schema.js'
export { type ModelStoreOptions, modelStore } from './sequelize/store.js'
