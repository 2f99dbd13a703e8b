// express-trestle/yaml: the YAML mapper, for applications that have the `yaml` package.
export { type YamlOptions, yaml, yamlWith } from './mappers/yaml.js'
