package buffer

import (
	"log/slog"
	"time"

	"github.com/renthub/sluice/internal/fsx"
)

// Options configure a log. The zero value of every field but Dir is a good default.
type Options struct {
	Dir    string           // folder of the log; created if missing
	FS     fsx.FS           // nil: the machine's
	Logger *slog.Logger     // nil: silent
	Now    func() time.Time // nil: time.Now. Used for stamps and ages; timers run on the real clock

	SegmentSize int64      // a segment is closed at this size; 0: 64 MiB. At most a quarter of MaxSize
	MaxSize     int64      // all segments together; 0: the smaller of 8 GiB and 10 % of the file system
	MinFree     float64    // fraction of the file system that is left free; 0: 0.15, negative: none
	History     History    // how long delivered segments stay
	Durability  Durability // when appended records are synced
	HotBytes    int64      // memory for the newest records; 0: 8 MiB. Unsynced records stay whatever it is
	Ballast     int64      // file given up when the disk is full; 0: the smaller of 16 MiB and MaxSize/64, negative: none

	// Merge makes index and body of one record that holds the documents of the first n of some records, in order.
	// They follow each other and were all deferred. n is as many as go together; less than 2 means that the first
	// goes with none. It is called by one goroutine at a time, and must not change the records. Without it, deferred
	// records are written together and not merged.
	Merge func(records []*Record) (index, body []byte, n int, err error)

	// Damaged is told of documents that a cursor passed over because they cannot be read. It may be nil.
	// It is called from Next, without a lock held.
	Damaged func(DamagedRecord)
	// Repair says that somebody receives from Repairs, and settles each of them: damaged records whose index can be read.
	Repair bool
}

// History says how long segments stay that every output has. Zero in both removes them at once; zero in one
// of them means no limit by it. The size limit of the log holds in any case.
type History struct {
	Age  time.Duration
	Size int64
}

// Durability says when appended records are synced to disk.
type Durability int

const (
	// Group syncs at 1 MiB, or 50 ms while 64 KiB or a record that cannot be read again waits, else after 1 s.
	Group Durability = iota
	// Strict syncs as soon as something is appended.
	Strict
	// Relaxed syncs after 1 s or at 4 MiB. Records that ask for more get it.
	Relaxed
)

// OnFull says what an output that holds back the oldest segment does when the log is full.
type OnFull int

const (
	// Block lets appends wait until the output has taken the oldest segment.
	Block OnFull = iota
	// DropOldest passes over the output's undelivered documents of the oldest segment, and counts them.
	DropOldest
)

// From says where the cursor of an output begins that was never seen before.
type From int

const (
	// Now begins with the next record appended.
	Now From = iota
	// Oldest begins with the oldest record there is.
	Oldest
)

// CursorOptions configure the cursor of an output.
type CursorOptions struct {
	OnFull      OnFull
	From        From   // used only if the name was never seen
	RenamedFrom string // take over the place of this name, if Name was never seen and it was
	Volatile    bool   // never holds a segment and is not saved: what is removed before it was read is counted as dropped
}

// DamagedRecord is what cannot be read again: a run of documents, and where it was.
type DamagedRecord struct {
	Cursor  string
	First   uint64 // sequence of the first document
	Count   uint64 // documents
	Segment string // file name
	Offset  int64  // in the segment
	Reason  string // a constant phrase
}

const (
	segmentSize      = 64 << 20
	maxSize          = 8 << 30
	hotBytes         = 8 << 20
	ballastSize      = 16 << 20
	minFree          = 0.15
	maxUnsynced      = 8 << 20 // bytes; appends wait beyond it
	maxUnsyncedDocs  = 1 << 19 // well below sequenceJump, which must exceed all that a crash can lose
	sequenceJump     = 1 << 20
	groupBytes       = 1 << 20
	relaxedBytes     = 4 << 20
	hurryBytes       = 64 << 10
	deferredBytes    = 64 << 10 // records that wait to be written are written at this size
	hurryDelay       = 50 * time.Millisecond
	lazyDelay        = time.Second
	saveDelay        = 100 * time.Millisecond // a cursor that moved is written after this
	saveSyncInterval = time.Second            // and synced at most this often
	probeInterval    = time.Second
	closedGrace      = 10 * time.Second // how long a closed cursor is no orphan
	failuresReadOnly = 3
)

func (o Options) withDefaults(total int64) Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.MaxSize <= 0 {
		o.MaxSize = min(maxSize, max(total/10, 1<<20))
	}
	if o.SegmentSize <= 0 {
		o.SegmentSize = segmentSize
	}
	o.SegmentSize = min(o.SegmentSize, max(o.MaxSize/4, 1))
	if o.MinFree == 0 {
		o.MinFree = minFree
	}
	if o.HotBytes <= 0 {
		o.HotBytes = hotBytes
	}
	if o.Ballast == 0 {
		o.Ballast = min(ballastSize, o.MaxSize/64)
	}
	return o
}
