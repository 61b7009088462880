// Command volume-key encrypts a folder of an ext4 file system with fscrypt. The key, 64 octets in base64, comes on
// standard input, so that no list of processes shows it. Both orders are safe to repeat.
//
//	volume-key seal FOLDER    what is made in the empty folder is encrypted; one that is so already can be read again
//	volume-key forget FOLDER  the kernel forgets the key, for all of the file system that the folder is in
package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

const keySize = unix.FSCRYPT_MAX_KEY_SIZE

func main() {
	if len(os.Args) != 3 {
		fail(errors.New("usage: volume-key seal|forget FOLDER <KEY"))
	}
	key, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, os.Stdin))
	if err != nil || len(key) != keySize {
		fail(fmt.Errorf("the key on standard input must be %d octets in base64", keySize))
	}
	folder, err := os.Open(os.Args[2])
	if err != nil {
		fail(err)
	}
	defer folder.Close()
	if err := do(os.Args[1], folder.Fd(), key); err != nil {
		fail(fmt.Errorf("%s %s: %w", os.Args[1], os.Args[2], err))
	}
}

func do(order string, folder uintptr, key []byte) error {
	specifier, err := add(folder, key)
	if err != nil {
		return fmt.Errorf("the kernel takes no key: %w", err)
	}
	switch order {
	case "seal":
		return setPolicy(folder, specifier)
	case "forget":
		return remove(folder, specifier)
	default:
		return errors.New("no such order")
	}
}

// add gives the file system the key and returns the name that the kernel derives from it.
func add(folder uintptr, key []byte) (unix.FscryptKeySpecifier, error) {
	var request struct {
		unix.FscryptAddKeyArg
		raw [keySize]byte
	}
	request.Key_spec.Type = unix.FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER
	request.Raw_size = keySize
	copy(request.raw[:], key)
	err := ioctl(folder, unix.FS_IOC_ADD_ENCRYPTION_KEY, unsafe.Pointer(&request))
	return request.Key_spec, err
}

// setPolicy is answered with success, too, when the folder has this very policy already.
func setPolicy(folder uintptr, key unix.FscryptKeySpecifier) error {
	policy := unix.FscryptPolicyV2{
		Version:                   unix.FSCRYPT_POLICY_V2,
		Contents_encryption_mode:  unix.FSCRYPT_MODE_AES_256_XTS,
		Filenames_encryption_mode: unix.FSCRYPT_MODE_AES_256_CTS,
		Flags:                     unix.FSCRYPT_POLICY_FLAGS_PAD_32,
	}
	copy(policy.Master_key_identifier[:], key.U[:])
	return ioctl(folder, unix.FS_IOC_SET_ENCRYPTION_POLICY, unsafe.Pointer(&policy))
}

func remove(folder uintptr, key unix.FscryptKeySpecifier) error {
	request := unix.FscryptRemoveKeyArg{Key_spec: key}
	return ioctl(folder, unix.FS_IOC_REMOVE_ENCRYPTION_KEY, unsafe.Pointer(&request))
}

func ioctl(file uintptr, order uintptr, argument unsafe.Pointer) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, file, order, uintptr(argument)); errno != 0 {
		return errno
	}
	return nil
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "volume-key:", err)
	os.Exit(1)
}
