// Package docgen makes the pages of docs/reference from the code: of components
// from the fields and comments of their config structs, of commands from their
// help, of metrics from where they are declared. A test in cmd/sluice, which
// sees all of it, writes the pages with -update and fails when they differ.
package docgen

import (
	"bytes"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/renthub/sluice/pipeline"
)

// Page is one page.
type Page struct {
	Name string // in docs/reference
	Text []byte
}

// Pages makes all pages of the module whose folder is root.
func Pages(root string, c *pipeline.Components, command *cobra.Command) ([]Page, error) {
	pages, err := componentPages(root, c)
	if err != nil {
		return nil, err
	}
	blocks, err := blocksPage(root)
	if err != nil {
		return nil, err
	}
	metrics, err := metricsPage(root)
	if err != nil {
		return nil, err
	}
	pages = append(pages, blocks, metrics, commandsPage(command))
	return append(pages, indexPage(pages)), nil
}

// header begins every page.
const header = "<!-- Generated from the code: go generate ./cmd/sluice -->\n"

// indexPage lists the others.
func indexPage(pages []Page) Page {
	var b bytes.Buffer
	b.WriteString(header + "# Reference\n\n")
	for _, p := range pages {
		title, _, _ := bytes.Cut(bytes.TrimPrefix(p.Text, []byte(header+"# ")), []byte{'\n'})
		fmt.Fprintf(&b, "- [%s](%s)\n", title, p.Name)
	}
	return Page{"README.md", b.Bytes()}
}
