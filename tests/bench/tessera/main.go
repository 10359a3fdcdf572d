// Command tessera-posix adds entries to a new log that Tessera's POSIX driver keeps, a number of them under way at
// once, and prints what came of it as a line of JSON. An add ends when Tessera says that the entry is durable and
// integrated; a signed checkpoint that covers it comes later, at most ten times a second.
package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

const (
	origin = "log.example/peer"
	// How long a batch that is not full waits for more.
	batchAge = 20 * time.Millisecond
	// The least that the driver takes.
	checkpointInterval = 100 * time.Millisecond
)

// measured is what is printed.
type measured struct {
	Entries int     `json:"entries"`
	Seconds float64 `json:"seconds"`
	P50     float64 `json:"p50_ms"`
	P99     float64 `json:"p99_ms"`
}

func main() {
	dir := flag.String("dir", "", "directory of the log, which must not exist")
	batch := flag.Uint("batch", 256, "entries of a batch at most")
	inFlight := flag.Int("in-flight", 1024, "adds under way at once")
	length := flag.Int("bytes", 150, "bytes of an entry, eight at least")
	duration := flag.Duration("time", 4*time.Second, "how long entries are added")
	flag.Parse()
	result, err := run(context.Background(), *dir, *batch, *inFlight, *length, *duration)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(result)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// run adds entries to a new log, and checks at the end that its checkpoint covers them.
func run(ctx context.Context, dir string, batch uint, inFlight, length int, duration time.Duration) (*measured, error) {
	private, public, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return nil, err
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		return nil, err
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		return nil, err
	}
	driver, err := posix.New(ctx, posix.Config{Path: dir})
	if err != nil {
		return nil, err
	}
	options := tessera.NewAppendOptions().
		WithCheckpointSigner(signer).
		WithCheckpointInterval(checkpointInterval).
		WithBatching(batch, batchAge)
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, options)
	if err != nil {
		return nil, err
	}
	result, err := load(ctx, appender, inFlight, length, duration)
	if err != nil {
		return nil, err
	}
	if err := shutdown(ctx); err != nil {
		return nil, err
	}
	checkpoint, err := reader.ReadCheckpoint(ctx)
	if err != nil {
		return nil, err
	}
	return result, check(checkpoint, verifier, result.Entries)
}

// load adds entries, no two of which are the same, until the time has passed.
func load(ctx context.Context, appender *tessera.Appender, inFlight, length int, duration time.Duration) (*measured, error) {
	var (
		next    atomic.Uint64
		workers sync.WaitGroup
		times   = make([][]time.Duration, inFlight)
		errs    = make([]error, inFlight)
	)
	start := time.Now()
	for worker := range inFlight {
		workers.Go(func() {
			for time.Since(start) < duration {
				entry := make([]byte, length)
				binary.BigEndian.PutUint64(entry, next.Add(1))
				begun := time.Now()
				if _, err := appender.Add(ctx, tessera.NewEntry(entry))(); err != nil {
					errs[worker] = err
					return
				}
				times[worker] = append(times[worker], time.Since(begun))
			}
		})
	}
	workers.Wait()
	seconds := time.Since(start).Seconds()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	all := slices.Concat(times...)
	slices.Sort(all)
	return &measured{len(all), seconds, quantile(all, 50), quantile(all, 99)}, nil
}

// quantile is a percentile of sorted times, in milliseconds.
func quantile(sorted []time.Duration, percent int) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[(len(sorted)-1)*percent/100].Microseconds()) / 1000
}

// check verifies that a signed checkpoint is one of so many entries.
func check(checkpoint []byte, verifier note.Verifier, entries int) error {
	opened, err := note.Open(checkpoint, note.VerifierList(verifier))
	if err != nil {
		return err
	}
	var name string
	var size int
	if _, err := fmt.Sscanf(opened.Text, "%s\n%d\n", &name, &size); err != nil {
		return err
	}
	if size != entries {
		return fmt.Errorf("the checkpoint covers %d entries of %d", size, entries)
	}
	return nil
}
