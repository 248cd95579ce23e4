import SafeTensors
import TensorCore

/// A checkpoint's file is mapped read-only: dropped pages are read again from it.
extension MappedFile: DiscardableMemory {}
