package event_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/event"
)

var classes = []string{"standard", "debug"}

func source() *event.Source {
	return &event.Source{ID: 0x0123456789abcdef, Input: "file.app", Name: "app.log", Reread: true, Constants: []event.Constant{
		{Key: "host.name", Value: "web-1"},
		{Key: "log.file.path", Value: `/var/log/"app".log`, Ours: true},
	}}
}

func document(b *event.Batch, i int) string { return string(b.AppendDocument(nil, i, classes)) }

func TestDocumentOfAPlainLine(t *testing.T) {
	b := event.NewBatch(source())
	b.ReadAt = 1_795_514_575_000_000_000
	b.AddLine([]byte("say \"hi\"\x01"), 0, 10)
	want := `{"@timestamp":"2026-11-24T10:02:55.000Z","message":"say \"hi\"\u0001","host.name":"web-1","log.file.path":"/var/log/\"app\".log","labels.retention":"standard"}`
	if diff := cmp.Diff(want, document(b, 0)); diff != "" {
		t.Error(diff)
	}
}

// inline adds the members of a JSON line without white space as its parser does.
func inline(b *event.Batch, i int, members ...string) {
	line := b.Line(i)
	for _, m := range members {
		at := bytes.Index(line, []byte(m))
		key := bytes.IndexByte([]byte(m[1:]), '"')
		off := b.Row(i).Line.Off + uint32(at)
		f := event.Field{Key: event.Span{Off: off + 1, Len: uint32(key)}, KeyJSON: true, Inline: true, Kind: event.Number}
		val := event.Span{Off: off + uint32(key) + 3, Len: uint32(len(m) - key - 3)}
		if m[key+3] == '"' {
			f.Kind = event.JSONString
			val.Off, val.Len = val.Off+1, val.Len-2
		}
		f.Val = val
		b.Add(i, f)
	}
	b.Row(i).Flags |= event.Whole
}

func TestDocumentCopiesRunsOfUnchangedMembers(t *testing.T) {
	b := event.NewBatch(source())
	line := `{"a":1,"b":"x\"y","gone":3,"c":4}`
	b.AddLine([]byte(line), 0, len(line)+1)
	inline(b, 0, `"a":1`, `"b":"x\"y"`, `"gone":3`, `"c":4`)
	b.Remove(0, 2)
	b.Set(0, "@timestamp", event.String, b.StoreString("2026-01-01T00:00:00Z"))
	want := `{"a":1,"b":"x\"y","c":4,"@timestamp":"2026-01-01T00:00:00Z","host.name":"web-1","log.file.path":"/var/log/\"app\".log","labels.retention":"standard"}`
	if diff := cmp.Diff(want, document(b, 0)); diff != "" {
		t.Error(diff)
	}
}

func TestALineOverridesConstantsButNotOurs(t *testing.T) {
	b := event.NewBatch(source())
	b.AddLine([]byte("x"), 0, 2)
	b.Set(0, "host.name", event.String, b.StoreString("mine"))
	b.Set(0, "log.file.path", event.String, b.StoreString("/forged"))
	b.Set(0, "labels.retention", event.String, b.StoreString("forged"))
	b.Row(0).Class = 1
	var got map[string]any
	if err := json.Unmarshal([]byte(document(b, 0)), &got); err != nil {
		t.Fatal(err)
	}
	delete(got, "@timestamp")
	want := map[string]any{"message": "x", "host.name": "mine", "log.file.path": `/var/log/"app".log`, "labels.retention": "debug"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, key := range []string{"host.name", "log.file.path", "labels.retention"} {
		if n := bytes.Count([]byte(document(b, 0)), []byte(key)); n != 1 {
			t.Errorf("%s occurs %d times, want 1", key, n)
		}
	}
}

func TestAnotherConfigsClassesAreUsedAtOnce(t *testing.T) {
	b := event.NewBatch(source())
	b.AddLine([]byte("x"), 0, 2)
	for _, name := range []string{"standard", "renamed"} {
		var got struct {
			Retention string `json:"labels.retention"`
		}
		if err := json.Unmarshal(b.AppendDocument(nil, 0, []string{name}), &got); err != nil {
			t.Fatal(err)
		}
		if got.Retention != name {
			t.Errorf("retention %q, want %q", got.Retention, name)
		}
	}
}

func TestMarksSayWhatHappenedToALine(t *testing.T) {
	b := event.NewBatch(&event.Source{})
	r := b.AddLine([]byte("{oops"), 0, 6)
	r.Error, r.Flags = event.NotJSON, event.Truncated|event.Partial
	var got map[string]any
	if err := json.Unmarshal([]byte(document(b, 0)), &got); err != nil {
		t.Fatal(err)
	}
	if got["sluice.parse_error"] != "not_json" {
		t.Errorf("sluice.parse_error = %v, want not_json", got["sluice.parse_error"])
	}
	if diff := cmp.Diff([]any{"truncated", "partial"}, got["log.flags"]); diff != "" {
		t.Error(diff)
	}
}

func TestFieldsOfARowStayTogether(t *testing.T) {
	b := event.NewBatch(source())
	b.AddLine([]byte("one"), 0, 4)
	b.AddLine([]byte("two"), 4, 4)
	b.Set(0, "a", event.Number, b.StoreString("1"))
	b.Set(1, "b", event.Number, b.StoreString("2"))
	b.Set(0, "c", event.Number, b.StoreString("3"))
	b.Set(0, "a", event.Number, b.StoreString("4"))
	var got []string
	for _, f := range b.Fields(0) {
		got = append(got, fmt.Sprintf("%s=%s", b.Bytes(f.Key), b.Bytes(f.Val)))
	}
	if diff := cmp.Diff([]string{"a=4", "c=3"}, got); diff != "" {
		t.Error(diff)
	}
	if k := b.Find(1, "b"); k != 0 {
		t.Errorf("b is field %d of row 1, want 0", k)
	}
}

func TestViewLooksUpWhatTheDocumentWillHave(t *testing.T) {
	b := event.NewBatch(source())
	b.ReadAt = 1_795_514_575_000_000_000
	b.AddLine([]byte("hello"), 0, 6)
	b.Set(0, "context", event.JSON, b.StoreString(`{"user":{"id":7}}`))
	v := event.View{Batch: b, Classes: classes}
	for path, want := range map[string]string{
		"message": "hello", "context.user.id": "7", "host.name": "web-1", "labels.retention": "standard",
		"@timestamp": "2026-11-24T10:02:55.000Z", "nothing": "", "context.user.nothing": "",
	} {
		if got := string(v.Lookup(path).Text); got != want {
			t.Errorf("Lookup(%q) = %q, want %q", path, got, want)
		}
	}
	doc := event.Doc{JSON: []byte(document(b, 0))}
	for _, path := range []string{"message", "context.user.id", "host.name", "labels.retention", "@timestamp"} {
		if got, want := string(doc.Lookup(path).Text), string(v.Lookup(path).Text); got != want {
			t.Errorf("document has %q at %s, row %q", got, path, want)
		}
	}
}

// wrapped is a wrapping with something before and behind the document.
func wrapped(dst []byte, d *event.Doc) ([]byte, int, error) {
	n := len(dst)
	dst = fmt.Appendf(dst, "{%d}\n", d.ID.Pos)
	return append(append(dst, d.JSON...), "}\n"...), len(dst) - n, nil
}

// block builds a block of n random documents.
func block(t testing.TB, rng *rand.Rand, n int, codec event.Codec, wrap event.Wrap) (docs []event.Doc, index, body []byte) {
	var b event.Builder
	b.Reset()
	b.Codec, b.Wrapping, b.Routes, b.Set = codec, rng.Uint64(), rng.Uint64(), []string{"elasticsearch.main"}
	pos := [3]int64{}
	for i := range n {
		s := rng.IntN(3)
		size := uint32(rng.IntN(2000))
		pos[s] += int64(rng.IntN(3)) * 1000
		d := event.Doc{
			JSON: fmt.Appendf(nil, `{"n":%d,"pad":%q}`, i, bytes.Repeat([]byte("x"), rng.IntN(300))),
			ID:   event.ID{Source: uint64(s) << 60, Pos: pos[s], Size: size, Sub: uint16(rng.IntN(2))},
			Time: rng.Int64N(1 << 42), Severity: event.Severity(rng.IntN(25)), Retention: classes[rng.IntN(2)],
		}
		pos[s] += int64(size)
		if err := b.Add(&d, wrap); err != nil {
			t.Fatal(err)
		}
		docs = append(docs, d)
	}
	var c event.Compressor
	index, body, err := b.Close(nil, nil, &c)
	if err != nil {
		t.Fatal(err)
	}
	return docs, index, body
}

func TestBlocksComeBack(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var b event.Block
	var inflate event.Inflater
	for _, n := range []int{0, 1, 2, 500} {
		for _, codec := range []event.Codec{event.Deflate, event.Zstd} {
			want, index, body := block(t, rng, n, codec, wrapped)
			if err := b.DecodeIndex(index); err != nil {
				t.Fatal(err)
			}
			raw, err := inflate.Append(nil, b.Codec, body, b.RawSize, b.CRC)
			if err != nil {
				t.Fatal(err)
			}
			var got []event.Doc
			for i := range b.Rows {
				var d event.Doc
				b.Doc(&d, raw, i)
				got = append(got, d)
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(event.Doc{})); diff != "" {
				t.Errorf("%d documents, codec %d: %s", n, codec, diff)
			}
			var head event.Block
			if err := head.DecodeHead(index); err != nil || head.RawSize != b.RawSize || head.CRC != b.CRC || !cmp.Equal(head.Set, b.Set) {
				t.Errorf("head %+v, error %v", head, err)
			}
		}
	}
}

func TestAnIndexTakesAtMostEightBytesADocument(t *testing.T) {
	var b event.Builder
	b.Reset()
	b.Codec = event.Deflate
	doc := bytes.Repeat([]byte("x"), 780)
	const n = 480
	pos := int64(1 << 33)
	for i := range n {
		d := event.Doc{JSON: doc[:700+i%80], ID: event.ID{Source: 7, Pos: pos, Size: 575}, Time: int64(1_795_514_575_000 + i/10), Severity: event.Info, Retention: classes[0]}
		pos += 575
		if err := b.Add(&d, wrapped); err != nil {
			t.Fatal(err)
		}
	}
	if size := len(b.AppendIndex(nil)); size > 8*n {
		t.Errorf("index of %d documents takes %d bytes, want at most %d", n, size, 8*n)
	}
}

func TestPiecesJoinToOneOrdinaryGzipMember(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var c event.Compressor
	for n := range 6 {
		var pieces []event.Piece
		var want []byte
		for range n {
			_, index, body := block(t, rng, 1+rng.IntN(60), event.Deflate, wrapped)
			var b event.Block
			if err := b.DecodeIndex(index); err != nil {
				t.Fatal(err)
			}
			var inflate event.Inflater
			var err error
			if want, err = inflate.Append(want, b.Codec, body, b.RawSize, b.CRC); err != nil {
				t.Fatal(err)
			}
			pieces = append(pieces, event.Piece{Deflate: body, CRC: b.CRC, Size: b.RawSize})
		}
		parts, size := event.AppendGzip(nil, pieces)
		stream := bytes.Join(parts, nil)
		if len(stream) != size {
			t.Errorf("%d bytes, announced %d", len(stream), size)
		}
		in := bytes.NewReader(stream)
		zr, err := gzip.NewReader(in)
		if err != nil {
			t.Fatal(err)
		}
		zr.Multistream(false)
		got, err := io.ReadAll(zr)
		if err != nil {
			t.Fatalf("%d pieces: %v", n, err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%d pieces: other bytes come back", n)
		}
		if in.Len() != 0 {
			t.Errorf("%d bytes behind the member", in.Len())
		}
	}
	_ = c
}

func TestBlocksOfOneKindAreJoined(t *testing.T) {
	var inflate event.Inflater
	var c event.Compressor
	var b event.Block
	var joined event.Builder
	joined.Reset()
	var want []event.Doc
	for range 3 {
		rng := rand.New(rand.NewPCG(9, 9)) // the same wrapping and routes
		docs, index, body := block(t, rng, 10, event.Deflate, wrapped)
		want = append(want, docs...)
		if err := b.DecodeIndex(index); err != nil {
			t.Fatal(err)
		}
		raw, err := inflate.Append(nil, b.Codec, body, b.RawSize, b.CRC)
		if err != nil {
			t.Fatal(err)
		}
		if !joined.Join(&b, raw) {
			t.Fatal("a block of the same kind was not joined")
		}
	}
	b.Wrapping++
	if joined.Join(&b, nil) {
		t.Error("a block of another wrapping was joined")
	}
	index, body, err := joined.Close(nil, nil, &c)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.DecodeIndex(index); err != nil {
		t.Fatal(err)
	}
	raw, err := inflate.Append(nil, b.Codec, body, b.RawSize, b.CRC)
	if err != nil {
		t.Fatal(err)
	}
	var got []event.Doc
	for i := range b.Rows {
		var d event.Doc
		b.Doc(&d, raw, i)
		got = append(got, d)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(event.Doc{})); diff != "" {
		t.Error(diff)
	}
}

func TestADamagedBodyIsNoticed(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	_, index, body := block(t, rng, 20, event.Deflate, wrapped)
	var b event.Block
	if err := b.DecodeIndex(index); err != nil {
		t.Fatal(err)
	}
	var inflate event.Inflater
	if _, err := inflate.Append(nil, b.Codec, body, b.RawSize, b.CRC^1); err == nil {
		t.Error("a wrong checksum was not noticed")
	}
	if _, err := inflate.Append(nil, b.Codec, body[:len(body)/2], b.RawSize, b.CRC); err == nil {
		t.Error("a cut body was not noticed")
	}
	if _, err := inflate.Append(nil, b.Codec, body, event.MaxInflated+1, b.CRC); err == nil {
		t.Error("a size beyond the cap was not refused")
	}
}

func TestAnIndexThatPointsBesideItsBodyIsCorrupt(t *testing.T) {
	_, index, _ := block(t, rand.New(rand.NewPCG(5, 6)), 20, event.Deflate, wrapped)
	var good, got event.Block
	if err := good.DecodeIndex(index); err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []int{-1, 1, -good.RawSize} {
		lying := good
		lying.RawSize += wrong
		if err := got.DecodeIndex(lying.AppendIndex(nil)); !errors.Is(err, event.ErrCorrupt) {
			t.Errorf("a body of %d bytes more: error %v, want %v", wrong, err, event.ErrCorrupt)
		}
	}
}

func FuzzDecodeIndex(f *testing.F) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, n := range []int{0, 1, 5, 40} {
		_, index, _ := block(f, rng, n, event.Deflate, wrapped)
		f.Add(index)
	}
	f.Fuzz(func(t *testing.T, index []byte) {
		var b event.Block
		if err := b.DecodeIndex(index); err != nil {
			if !errors.Is(err, event.ErrCorrupt) {
				t.Errorf("error %v is not ErrCorrupt", err)
			}
			return
		}
		end := uint32(0)
		for i, r := range b.Rows {
			if r.Start != end || r.DocAt < r.Start || r.DocEnd < r.DocAt || b.End(i) > uint32(b.RawSize) {
				t.Fatalf("row %d lies at %+v in a body of %d bytes", i, r, b.RawSize)
			}
			end = b.End(i)
		}
	})
}

func TestWritingDocumentsAllocatesNothing(t *testing.T) {
	b := event.NewBatch(source())
	line := `{"a":1,"b":"text"}`
	b.AddLine([]byte(line), 0, len(line))
	inline(b, 0, `"a":1`, `"b":"text"`)
	v := event.View{Batch: b, Classes: classes}
	var w event.Builder
	var json []byte
	var d event.Doc
	write := func() {
		w.Reset()
		json = b.AppendDocument(json[:0], 0, classes)
		v.Doc(&d, json)
		if err := w.Add(&d, event.BareWrap); err != nil {
			t.Fatal(err)
		}
	}
	write()
	if n := testing.AllocsPerRun(100, write); n != 0 {
		t.Errorf("%v allocations for a line, want 0", n)
	}
}
