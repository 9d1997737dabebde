package tail

import (
	"io/fs"
	"os"
	"syscall"
)

const openFlags = os.O_RDONLY

// identify returns a file's volume and index, and how many names it has. They can only be had from an open file.
func identify(_ fs.FileInfo, f *os.File) (id fileID, names int, ok bool) {
	if f == nil {
		return fileID{}, 0, false
	}
	var info syscall.ByHandleFileInformation
	if err := syscall.GetFileInformationByHandle(syscall.Handle(f.Fd()), &info); err != nil {
		return fileID{}, 0, false
	}
	return fileID{uint64(info.VolumeSerialNumber), uint64(info.FileIndexHigh)<<32 | uint64(info.FileIndexLow)}, int(info.NumberOfLinks), true
}

// look describes the file at path, links followed.
func look(path string) (fs.FileInfo, fileID, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fileID{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fileID{}, err
	}
	id, _, _ := identify(info, f)
	return info, id, nil
}
