package lumberjack

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/jsonscan"
)

var sampleID = event.ID{Source: 0x0123456789abcdef, Pos: 1048576, Size: 575}

func TestMetadataIsTheLastMember(t *testing.T) {
	const ours = `"@metadata":{"beat":"sl\"uice","type":"_doc","version":"1.0.0","_id":"ASNFZ4mrze8-1048576-575"}}`
	for _, tt := range []struct{ doc, want string }{
		{`{"a":1}`, `{"a":1,` + ours},
		{`{}`, `{` + ours},
		{"{ \n}\n", `{` + ours},
		{"{\"a\":1 } \r\n", `{"a":1,` + ours},
		{`{"@metadata":{"_id":"forged"}}`, `{"@metadata":{"_id":"forged"},` + ours},
		{`[]`, `[]`},
		{``, ``},
		{`}`, `}`},
	} {
		got := newMetadata(`sl"uice`, "1.0.0").append(nil, &event.Doc{JSON: []byte(tt.doc), ID: sampleID})
		if diff := cmp.Diff(string(got), tt.want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", tt.doc, diff)
		}
	}
}

// The elasticsearch output makes the same ids: one document has one id,
// whichever way it takes.
func TestIDs(t *testing.T) {
	for want, id := range map[string]event.ID{
		"ASNFZ4mrze8-1048576-575":                          sampleID,
		"ASNFZ4mrze8-1048576-575.7":                        {Source: sampleID.Source, Pos: 1048576, Size: 575, Sub: 7},
		"AAAAAAAAAAA-0-0":                                  {},
		"__________8-9223372036854775807-4294967295.65535": {Source: 1<<64 - 1, Pos: 1<<63 - 1, Size: 1<<32 - 1, Sub: 1<<16 - 1},
	} {
		if got := id.String(); got != want {
			t.Errorf("%v: got %s, want %s", id, got, want)
		}
	}
}

func FuzzNoDocumentChoosesItsMetadata(f *testing.F) {
	for _, doc := range []string{`{}`, `{"a":{}}`, `{"@metadata":{"_id":"x"}}`, `{"\u0040metadata":"x"}`, "{ }", `{"a":"}"}`} {
		f.Add([]byte(doc))
	}
	m := newMetadata("sluice", "1.0.0")
	f.Fuzz(func(t *testing.T, doc []byte) {
		if !jsonscan.Valid(doc) || doc[0] != '{' {
			return
		}
		got := m.append(nil, &event.Doc{JSON: doc, ID: sampleID})
		var parsed map[string]any
		if err := json.Unmarshal(got, &parsed); err != nil {
			t.Fatalf("%q became %q: %v", doc, got, err)
		}
		meta, _ := parsed["@metadata"].(map[string]any)
		if meta["_id"] != "ASNFZ4mrze8-1048576-575" || len(meta) != 4 {
			t.Fatalf("%q became %q, with @metadata %v", doc, got, meta)
		}
	})
}
