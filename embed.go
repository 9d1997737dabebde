// Package sluice holds what is embedded into the binary.
package sluice

import _ "embed"

// DefaultPipeline is the text of pipeline.hcl, the config that runs where none
// is given.
//
//go:embed pipeline.hcl
var DefaultPipeline []byte
