// Package config reads a config written in HCL, or in HCL's JSON form, into
// plain data: what blocks there are, with their settings decoded into the
// config structs of the components.
//
// It knows no component. Who loads a config names the types there are, in
// [Kinds], and a component names its settings in a struct:
//
//	type Config struct {
//		Endpoints []string        `hcl:"endpoints"`         // required
//		Timeout   config.Duration `hcl:"timeout,optional"`
//		Token     config.Secret   `hcl:"token,optional"`
//		Index     *expr.Template  `hcl:"index,optional"`    // may hold ${fields}
//		TLS       *TLS            `hcl:"tls,block"`
//	}
//
// The values of a new struct are the defaults. Rules between settings are
// reported by [Validator].
//
// Everything wrong is reported at once, as hcl.Diagnostics; [Write] prints
// them with the lines they are about.
package config
