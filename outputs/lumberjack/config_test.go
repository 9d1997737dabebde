package lumberjack

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/endpoints"
)

func TestProblems(t *testing.T) {
	c := defaults()
	c.Endpoints = endpoints.At("a", "b:1")
	if got := c.Validate(); len(got) > 0 {
		t.Errorf("the defaults: got %v, want no problem", got)
	}
	c.Endpoints = endpoints.At("ftp://a")
	c.CompressionLevel, c.MaxWindow, c.Pipelining, c.Timeout, c.MaxRequestSize = 10, 0, 17, 1, 1
	c.RateLimit, c.MaxDocumentSize = 5, 5
	var got []string
	for _, p := range c.Validate() {
		got = append(got, p.Attr)
	}
	want := []string{"endpoints[0]", "timeout", "compression_level", "max_window", "pipelining", "rate_limit", "max_document_size", "max_request_size"}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("problems (-got +want):\n%s", diff)
	}
	var _ config.Validator = c
}
