// Package vfs is the few file operations that an archive needs, in one
// directory.
//
//   - [FS] is the seam.
//   - [Disk] is a directory of the operating system.
//   - [Mem] is a directory in memory that can crash: after [Mem.Crash] it holds
//     what was synced and any part of the rest.
//
// Names are plain file names. Start reading at FS.
package vfs

import "io"

// FS is one directory. Its methods are safe for concurrent use.
type FS interface {
	// Lock takes an advisory lock, or returns ErrLocked.
	Lock(name string) (io.Closer, error)
	// Create makes an empty file, in place of one of that name.
	Create(name string) (File, error)
	// Append opens a file for reading, and for writing at its end.
	Append(name string) (File, error)
	// Open opens a file for reading.
	Open(name string) (File, error)
	// Rename gives a file another name, in place of one of that name.
	Rename(from, to string) error
	Remove(name string) error
	// Truncate cuts a file, durably.
	Truncate(name string, size int64) error
	// List returns the names of all files, sorted.
	List() ([]string, error)
	// Sync makes durable which files there are.
	Sync() error
}

// File is an open file. Write appends.
type File interface {
	io.ReaderAt
	io.Writer
	io.Closer
	Size() (int64, error)
	// Sync makes the file's bytes durable.
	Sync() error
}
