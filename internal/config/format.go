package config

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// Format returns a config file's text in the one layout. A file with syntax
// errors, and JSON, are returned as they are.
func Format(name string, src []byte) ([]byte, hcl.Diagnostics) {
	if strings.HasSuffix(name, ".json") {
		return src, nil
	}
	s := Source{name, src}
	if _, diags := hclsyntax.ParseConfig(src, name, hcl.InitialPos); diags.HasErrors() {
		return src, explainSyntax(diags, s)
	}
	return hclwrite.Format(src), nil
}
