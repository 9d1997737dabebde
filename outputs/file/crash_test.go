package file

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// today is the file that these tests write.
const today = "audit/2026-11-24.ndjson.gz"

// archiveOf makes an archive with a frame for each number from 0 on, and
// returns its file's bytes and where its frames end.
func archiveOf(t *testing.T, frames int) (content []byte, ends []int) {
	t.Helper()
	dir := t.TempDir()
	a := openAt(t, dir, deps(t))
	for i := range frames {
		send(t, a, docAt(noon, "audit", i))
		info, err := os.Stat(filepath.Join(dir, today))
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, int(info.Size()))
	}
	closeArchive(t, a)
	content, err := os.ReadFile(filepath.Join(dir, today))
	if err != nil {
		t.Fatal(err)
	}
	return content, ends
}

// afterCrash puts content in the place of today's file, sends a document and
// returns what all files then hold.
func afterCrash(t *testing.T, content []byte) map[string][]string {
	t.Helper()
	dir := plant(t, content)
	a := openAt(t, dir, deps(t))
	send(t, a, docAt(noon, "audit", 99))
	closeArchive(t, a)
	return tree(t, dir)
}

func plant(t *testing.T, content []byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "audit"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, today), content, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func numbers(n int, more ...int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf(`{"n":%d}`, i))
	}
	for _, i := range more {
		list = append(list, fmt.Sprintf(`{"n":%d}`, i))
	}
	return list
}

func whole(ends []int, n int) (frames int) {
	for _, end := range ends {
		if end <= n {
			frames++
		}
	}
	return frames
}

func TestATornFileIsCutToItsWholeFrames(t *testing.T) {
	content, ends := archiveOf(t, 3)
	for n := range len(content) + 1 {
		want := map[string][]string{today: numbers(whole(ends, n), 99)}
		if diff := cmp.Diff(afterCrash(t, content[:n]), want); diff != "" {
			t.Fatalf("torn at byte %d (-got +want):\n%s", n, diff)
		}
	}
}

func TestATornTailLongerThanTheNextFrameIsCut(t *testing.T) {
	content, ends := archiveOf(t, 1)
	f := newFrame()
	f.begin()
	noise := make([]byte, 100_000)
	for i := range noise {
		noise[i] = byte(rand.IntN(256))
	}
	if err := f.add(noise); err != nil {
		t.Fatal(err)
	}
	long, err := f.end()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{today: numbers(1, 99)}
	if diff := cmp.Diff(afterCrash(t, append(content[:ends[0]:ends[0]], long[:len(long)-1]...)), want); diff != "" {
		t.Errorf("files (-got +want):\n%s", diff)
	}
}

func TestATailOfZeroesIsCut(t *testing.T) {
	// A power cut can leave the file's new length, but not what was written.
	content, ends := archiveOf(t, 3)
	for n := ends[1]; n < len(content); n++ {
		torn := bytes.Clone(content)
		clear(torn[n:])
		if n >= len(content)-3 && bytes.Equal(torn, content) {
			continue // these bytes were zeroes
		}
		want := map[string][]string{today: numbers(2, 99)}
		if diff := cmp.Diff(afterCrash(t, torn), want); diff != "" {
			t.Fatalf("zeroes from byte %d (-got +want):\n%s", n, diff)
		}
	}
}

func TestAFileOfMembersOfOthersIsContinued(t *testing.T) {
	// The members of plain gzip carry no length.
	var content []byte
	for i := range 3 {
		f := newFrame()
		f.begin()
		f.gz.Extra = nil
		if err := f.add(fmt.Appendf(nil, `{"n":%d}`, i)); err != nil {
			t.Fatal(err)
		}
		if err := f.gz.Close(); err != nil {
			t.Fatal(err)
		}
		content = append(content, f.buf.b...)
	}
	want := map[string][]string{today: numbers(3, 99)}
	if diff := cmp.Diff(afterCrash(t, content), want); diff != "" {
		t.Errorf("whole (-got +want):\n%s", diff)
	}
	want = map[string][]string{today: numbers(2, 99)}
	if diff := cmp.Diff(afterCrash(t, content[:len(content)-1]), want); diff != "" {
		t.Errorf("torn (-got +want):\n%s", diff)
	}
}

func TestAFileDamagedInItsMiddleIsSetAside(t *testing.T) {
	content, ends := archiveOf(t, 3)
	damaged := bytes.Clone(content)
	copy(damaged[ends[0]:], "XXXX") // the second frame's header
	dir := plant(t, damaged)
	a := openAt(t, dir, deps(t))
	send(t, a, docAt(noon, "audit", 99))
	closeArchive(t, a)
	got, err := os.ReadFile(filepath.Join(dir, "audit", "2026-11-24.damaged-1"))
	if err != nil || !bytes.Equal(got, damaged) {
		t.Errorf("the damaged file was not kept as it was: %v", err)
	}
	if diff := cmp.Diff(lines(t, filepath.Join(dir, today)), numbers(0, 99)); diff != "" {
		t.Errorf("today's file (-got +want):\n%s", diff)
	}
}

func TestWithoutSyncEveryFrameIsVerified(t *testing.T) {
	content, ends := archiveOf(t, 3)
	damaged := bytes.Clone(content)
	damaged[ends[1]-1] ^= 0x40 // the second frame's checksum
	dir := plant(t, damaged)
	a := openWith(t, dir, deps(t), func(c *Config) { c.Sync = false })
	send(t, a, docAt(noon, "audit", 99))
	closeArchive(t, a)
	if _, err := os.Stat(filepath.Join(dir, "audit", "2026-11-24.damaged-1")); err != nil {
		t.Errorf("the damaged file was not set aside: %v", err)
	}
}

func TestAFrameAcrossTheSearchBufferIsFound(t *testing.T) {
	content, _ := archiveOf(t, 1)
	for _, before := range []int{1, 64<<10 - 30, 64<<10 - 19, 64<<10 - 1, 64 << 10, 64<<10 + 1, 130 << 10} {
		junk := make([]byte, before)
		for i := range junk {
			junk[i] = byte(rand.IntN(256)) | 1
		}
		data := append(append([]byte("X"), junk...), content...)
		got, err := frameBehind(bytes.NewReader(data), 0, int64(len(data)))
		if err != nil || !got {
			t.Errorf("%d bytes before: got %t, %v", before, got, err)
		}
		got, err = frameBehind(bytes.NewReader(data[:len(data)-1]), 0, int64(len(data)-1))
		if err != nil || got {
			t.Errorf("%d bytes before, torn: got %t, %v", before, got, err)
		}
	}
}

func FuzzWholePrefix(f *testing.F) {
	fr := newFrame()
	fr.begin()
	if err := fr.add([]byte(`{"a":1}`)); err != nil {
		f.Fatal(err)
	}
	b, err := fr.end()
	if err != nil {
		f.Fatal(err)
	}
	b = bytes.Clone(b)
	f.Add(b)
	f.Add(append(bytes.Clone(b), b...))
	f.Add(append(bytes.Clone(b), b[:len(b)-1]...))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, all := range []bool{false, true} {
			end, err := wholePrefix(bytes.NewReader(data), int64(len(data)), all)
			if err != nil || end < 0 || end > int64(len(data)) {
				t.Fatalf("end %d of %d: %v", end, len(data), err)
			}
			again, err := wholePrefix(bytes.NewReader(data), end, all)
			if err != nil || all && again != end {
				t.Fatalf("cut to %d, then to %d: %v", end, again, err)
			}
		}
		if _, err := frameBehind(bytes.NewReader(data), 0, int64(len(data))); err != nil {
			t.Fatal(err)
		}
	})
}
