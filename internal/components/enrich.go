package components

import (
	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/parsers/enrich"
	"github.com/renthub/sluice/pipeline"
)

// enricher makes what an `enrich` block does to a record.
func enricher(e *config.Enrich) (pipeline.Enricher, error) {
	b := &enrich.Block{Where: e.Where, Drop: e.Drop, Remove: e.Remove}
	for _, r := range e.Rename {
		b.Rename = append(b.Rename, enrich.Rename{Old: r[0], New: r[1]})
	}
	for _, s := range e.Set {
		b.Set = append(b.Set, enrich.Setting{Key: s.Key, Value: s.Value})
	}
	if e.Redact != nil {
		var err error
		if b.Redact, err = enrich.NewRedactor(e.Redact.Fields, e.Redact.Patterns); err != nil {
			return nil, err
		}
	}
	return b, nil
}
