package pipeline

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/config"
)

const enrichConfig = `
input "file" "app" { paths = ["x"] }
enrich "first" {
  set = { "labels.cluster" = "eu", "labels.gone" = "x", "message" = "no", "labels.from" = service.name, "labels.number" = 7 }
}
enrich "second" {
  remove = ["labels.gone"]
}
enrich "conditional" {
  where = message == "x"
  set   = { "labels.late" = "y" }
}
output "console" "out" {}
`

func TestOnlyWhatIsTheSameForAllRecordsIsFolded(t *testing.T) {
	kind := config.Kind{New: func() any {
		return &struct {
			Paths []string `hcl:"paths,optional"`
		}{}
	}}
	cfg, diags := config.LoadSources([]config.Source{{Name: "a.hcl", Text: []byte(enrichConfig)}},
		config.Kinds{Inputs: map[string]config.Kind{"file": kind}, Outputs: map[string]config.Kind{"console": kind}, Parsers: map[string]config.Kind{"auto": kind, "raw": kind}}, config.Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	constants, rest := foldConstants(cfg.Enrich)
	if diff := cmp.Diff([]event.Constant{{Key: "labels.cluster", Value: "eu", Ours: true}}, constants); diff != "" {
		t.Error(diff)
	}
	var left []string
	for _, e := range rest {
		for _, s := range e.Set {
			left = append(left, s.Key)
		}
	}
	if diff := cmp.Diff([]string{"labels.gone", "message", "labels.from", "labels.number", "labels.late"}, left); diff != "" {
		t.Error(diff)
	}
	if len(cfg.Enrich[0].Set) != 5 {
		t.Error("the config itself was changed")
	}
}
