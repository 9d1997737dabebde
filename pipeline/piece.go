package pipeline

import (
	"fmt"
	"hash/crc32"

	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/outputs"
)

// piece is documents of one record, ready to be a part of a request.
type piece struct {
	item   *buffer.Item
	target string      // of all of them; "" if the output has none, or they are mixed
	docs   []int       // indexes into the record's documents; nil is all of them
	count  int         // documents
	size   int         // raw bytes, as wrapped
	body   event.Piece // for a Wrapper
	list   []event.Doc // for an output that is none
}

// doc returns the place in the record of document i of the piece.
func (p *piece) doc(i int) int {
	if p.docs == nil {
		return i
	}
	return p.docs[i]
}

// ack marks document i of the piece as taken.
func (p *piece) ack(c *buffer.Cursor, i int) { c.Ack(p.item.First+uint64(p.doc(i)), 1) }

// ackAll marks all documents of the piece as taken.
func (p *piece) ackAll(c *buffer.Cursor) {
	if p.docs == nil {
		c.Ack(p.item.First, uint64(p.item.Count))
		return
	}
	for i := 0; i < len(p.docs); { // runs
		k := i + 1
		for k < len(p.docs) && p.docs[k] == p.docs[k-1]+1 {
			k++
		}
		c.Ack(p.item.First+uint64(p.docs[i]), uint64(k-i))
		i = k
	}
}

// packer makes pieces of records for one output. A block that is wrapped as
// the output's requests are goes as it is; every other is inflated, its
// documents are picked, wrapped and compressed. It belongs to one goroutine.
type packer struct {
	output   string
	former   string     // the output's name before, or ""
	wrap     event.Wrap // nil if the output is no Wrapper
	wrapping uint64
	targets  outputs.Partitioner // nil if the output has no targets
	held     *Held               // nil if no target is ever set apart
	limits   outputs.Limits
	routes   *Routes

	block   event.Block
	inflate event.Inflater
	deflate event.Compressor
	built   event.Builder // of what is held
}

// load returns the pieces of a record. Documents that are not for this output
// are acknowledged. An error means that the record cannot be read.
func (p *packer) load(item *buffer.Item, c *buffer.Cursor) ([]piece, error) {
	if err := p.block.DecodeHead(item.Index); err != nil {
		return nil, err
	}
	b := &p.block
	decided := b.Routes == p.routes.hash || b.Routes == named
	if decided && !isIn(b.Set, p.output) && (p.former == "" || !contains(b.Set, p.former)) {
		c.Ack(item.First, uint64(item.Count))
		return nil, nil
	}
	if decided && p.wrap != nil && b.Wrapping == p.wrapping && len(item.Taken) == 0 && !p.apart() && p.fits(b.RawSize, int(item.Count)) {
		return []piece{{
			item: item, count: int(item.Count), size: b.RawSize,
			body: event.Piece{Deflate: item.Body, CRC: b.CRC, Size: b.RawSize},
		}}, nil
	}
	return p.pick(item, c, decided)
}

func (p *packer) fits(size, docs int) bool {
	return (p.limits.Bytes == 0 || size <= p.limits.Bytes) && (p.limits.Docs == 0 || docs <= p.limits.Docs)
}

// pick is the general path of load.
func (p *packer) pick(item *buffer.Item, c *buffer.Cursor, decided bool) ([]piece, error) {
	raw, err := p.open(item)
	if err != nil {
		return nil, err
	}
	var chosen []int
	var doc event.Doc
	for i := range p.block.Rows {
		if isTaken(item, i) {
			continue
		}
		p.block.Doc(&doc, raw, i)
		if !decided {
			if set, _ := p.routes.choose(&doc); !p.routes.takes(set, p.output) {
				c.Ack(item.First+uint64(i), 1)
				continue
			}
		}
		chosen = append(chosen, i)
	}
	return p.sort(item, raw, chosen)
}

// apart reports whether a Wrapper's documents must be looked at one by one,
// since some of its targets are in trouble.
func (p *packer) apart() bool { return p.held != nil && p.targets != nil && p.held.any() }

// sort makes pieces of the chosen documents: of one target each, but that a
// Wrapper's documents stay together unless their target is in trouble.
func (p *packer) sort(item *buffer.Item, raw []byte, chosen []int) ([]piece, error) {
	if p.targets == nil || p.wrap != nil && !p.apart() {
		return p.make(item, raw, chosen, "")
	}
	var names []string // in order of appearance
	docs := map[string][]int{}
	var doc event.Doc
	var name []byte
	for _, i := range chosen {
		p.block.Doc(&doc, raw, i)
		name = p.targets.Partition(name[:0], &doc)
		if p.wrap != nil && !p.held.has(string(name)) {
			name = name[:0]
		}
		if docs[string(name)] == nil {
			names = append(names, string(name))
		}
		docs[string(name)] = append(docs[string(name)], i)
	}
	var out []piece
	for _, target := range names {
		pieces, err := p.make(item, raw, docs[target], target)
		if err != nil {
			return nil, err
		}
		out = append(out, pieces...)
	}
	return out, nil
}

// open inflates a record and decodes its index into p.block.
func (p *packer) open(item *buffer.Item) ([]byte, error) {
	b := &p.block
	if err := b.DecodeIndex(item.Index); err != nil {
		return nil, err
	}
	if len(b.Rows) != int(item.Count) {
		return nil, fmt.Errorf("index has %d documents, record %d", len(b.Rows), item.Count)
	}
	return p.inflate.Append(make([]byte, 0, b.RawSize), b.Codec, item.Body, b.RawSize, b.CRC)
}

// isTaken reports whether document i of a record was taken before a restart, or
// handed out before it was merged into this record.
func isTaken(item *buffer.Item, i int) bool {
	seq := item.First + uint64(i)
	for _, r := range item.Taken {
		if seq >= r.First && seq < r.End() {
			return true
		}
	}
	return false
}

// make wraps the chosen documents of an opened record into as few pieces as
// the limits allow.
func (p *packer) make(item *buffer.Item, raw []byte, chosen []int, target string) ([]piece, error) {
	var out []piece
	for len(chosen) > 0 {
		next, n, err := p.one(item, raw, chosen)
		if err != nil {
			return nil, err
		}
		next.target = target
		out = append(out, next)
		chosen = chosen[n:]
	}
	return out, nil
}

// one makes a piece of the first n of the chosen documents, as many as fit.
func (p *packer) one(item *buffer.Item, raw []byte, chosen []int) (next piece, n int, err error) {
	next.item = item
	var body []byte
	for _, i := range chosen {
		var doc event.Doc
		p.block.Doc(&doc, raw, i)
		size := len(doc.JSON)
		start := len(body)
		if p.wrap != nil {
			if body, _, err = p.wrap(body, &doc); err != nil {
				return next, 0, fmt.Errorf("wrap document: %w", err)
			}
			size = len(body) - start
		}
		if n > 0 && !p.fits(next.size+size, n+1) {
			body = body[:start]
			break
		}
		if p.wrap == nil {
			next.list = append(next.list, doc)
		}
		next.size += size
		n++
	}
	next.docs, next.count = chosen[:n], n
	if p.wrap != nil {
		next.body = event.Piece{CRC: crc32.ChecksumIEEE(body), Size: len(body)}
		next.body.Deflate, err = p.deflate.Append(nil, event.Deflate, body)
	}
	return next, n, err
}

// again makes pieces of some documents of a piece, to be sent once more.
func (p *packer) again(old *piece, docs []int) ([]piece, error) {
	raw, err := p.open(old.item)
	if err != nil {
		return nil, err
	}
	return p.make(old.item, raw, docs, old.target)
}

// document returns a copy of one document of a piece.
func (p *packer) document(old *piece, i int) (event.Doc, error) {
	raw, err := p.open(old.item)
	if err != nil {
		return event.Doc{}, err
	}
	var doc event.Doc
	p.block.Doc(&doc, raw, old.doc(i))
	return doc, nil
}

// request joins pieces into one request.
func (p *packer) request(pieces []piece) *outputs.Request {
	r := &outputs.Request{Target: pieces[0].target}
	var bodies []event.Piece
	for i := range pieces {
		r.Count += pieces[i].count
		r.Size += pieces[i].size
		r.Docs = append(r.Docs, pieces[i].list...)
		bodies = append(bodies, pieces[i].body)
	}
	if p.wrap != nil {
		r.Body, r.BodySize = event.AppendGzip(nil, bodies)
	}
	return r
}
