package main

import (
	"cmp"
	"fmt"
	"io"

	"github.com/renthub/sluice/outputs"
)

// changeDoc is a change of retention as JSON. Times are seconds; 0 is for ever.
type changeDoc struct {
	Output  string `json:"output"`
	Action  string `json:"action"`
	Class   string `json:"class"`
	Kind    string `json:"kind"`
	Name    string `json:"name"`
	Have    int64  `json:"have_seconds"`
	Want    int64  `json:"want_seconds"`
	Warning string `json:"warning,omitempty"`
}

// sayRetention prints plans as a table, or as JSON.
func (c *common) sayRetention(w io.Writer, plans []retentionPlan) error {
	docs := []changeDoc{}
	for _, p := range plans {
		for i := range p.changes {
			ch := &p.changes[i]
			docs = append(docs, changeDoc{p.name, ch.Action.String(), ch.Class, ch.Kind, ch.Name, int64(ch.Have.Seconds()), int64(ch.Want.Seconds()), ch.Warning})
		}
	}
	if c.output == "json" {
		return writeJSON(w, docs)
	}
	if len(docs) == 0 {
		_, err := fmt.Fprintln(w, "Every destination keeps what the config says.")
		return err
	}
	t := newTable(w)
	fmt.Fprintln(t, "OUTPUT\tACTION\tCLASS\tWHAT\tKEEPS NOW\tWILL KEEP\tNOTE")
	for _, p := range plans {
		for i := range p.changes {
			ch := &p.changes[i]
			have := keep(ch.Have)
			if ch.Action == outputs.CreateRetention || ch.Action == outputs.WarnRetention && ch.Have == 0 { // not known
				have = "-"
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s %s\t%s\t%s\t%s\n", visible(p.name), ch.Action, visible(ch.Class), ch.Kind, visible(ch.Name), have, keep(ch.Want), cmp.Or(visible(ch.Warning), "-"))
		}
	}
	return t.Flush()
}
