package splunk

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"

	"github.com/renthub/sluice/event"
)

// wrapVersion changes when the bytes that Wrap makes do.
const wrapVersion = 1

// wrapEnd is what follows a document.
const wrapEnd = "}\n"

// Wrap implements outputs.Wrapper: an envelope whose last key is event.
func (o *Output) Wrap(dst []byte, d *event.Doc) ([]byte, int, error) {
	start := len(dst)
	dst = o.envelope.append(dst, d)
	docAt := len(dst) - start
	dst = append(dst, d.JSON...)
	return append(dst, wrapEnd...), docAt, nil
}

// Wrapping implements outputs.Wrapper.
func (o *Output) Wrapping() uint64 {
	c, h := o.config, fnv.New64a()
	fmt.Fprintf(h, "splunk %d %q %q %q %q %q %t %d", wrapVersion, c.Index.String(), c.Sourcetype.String(), c.Source, c.Host, c.Fields, c.DocumentID, c.MaxNames)
	for _, class := range slices.Sorted(maps.Keys(c.Indexes)) {
		fmt.Fprintf(h, " %q=%q", class, c.Indexes[class])
	}
	return h.Sum64()
}

// defaultTarget stands for the token's default index. It is no index's name.
const defaultTarget = "(default)"

// Partition implements outputs.Partitioner: a target is an index.
func (o *Output) Partition(dst []byte, d *event.Doc) []byte {
	if o.envelope.index == nil {
		return append(dst, defaultTarget...)
	}
	text := o.envelope.index.of(dst, d).text
	if text == "" {
		text = defaultTarget
	}
	return append(dst, text...)
}
