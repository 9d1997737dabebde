package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// rangeOf is where a body stands, or nil in JSON.
func rangeOf(body hcl.Body) *hcl.Range {
	if body, ok := body.(*hclsyntax.Body); ok {
		return &body.SrcRange
	}
	return nil
}

// bodyRange is where a block's body stands. In JSON only its end is known.
func bodyRange(b *hcl.Block) hcl.Range {
	if r := rangeOf(b.Body); r != nil {
		return *r
	}
	return b.Body.MissingItemRange()
}
