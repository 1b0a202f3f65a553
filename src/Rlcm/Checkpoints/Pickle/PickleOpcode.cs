namespace Rlcm.Checkpoints.Pickle;

/// <summary>
/// The instructions of pickle protocols 2 to 5 that <c>torch.save</c> writes for dictionaries of tensors and plain values. Those that make
/// or call anything else (INST, OBJ, NEWOBJ, EXT, PERSID, out-of-band buffers), those of protocols 0 and 1 and those for values of gigabytes are
/// not here on purpose.
/// </summary>
/// <remarks>Source: Lib/pickletools.py of Python.</remarks>
internal enum PickleOpcode : byte
{
    Mark = (byte)'(',
    Stop = (byte)'.',
    BinInt = (byte)'J',
    BinInt1 = (byte)'K',
    BinInt2 = (byte)'M',
    None = (byte)'N',
    BinPersId = (byte)'Q',
    Reduce = (byte)'R',
    BinUnicode = (byte)'X',
    BinFloat = (byte)'G',
    Append = (byte)'a',
    Appends = (byte)'e',
    Build = (byte)'b',
    Global = (byte)'c',
    EmptyDict = (byte)'}',
    EmptyList = (byte)']',
    EmptyTuple = (byte)')',
    BinGet = (byte)'h',
    LongBinGet = (byte)'j',
    BinPut = (byte)'q',
    LongBinPut = (byte)'r',
    SetItem = (byte)'s',
    SetItems = (byte)'u',
    Tuple = (byte)'t',
    BinBytes = (byte)'B',
    ShortBinBytes = (byte)'C',
    Proto = 0x80,
    Tuple1 = 0x85,
    Tuple2 = 0x86,
    Tuple3 = 0x87,
    NewTrue = 0x88,
    NewFalse = 0x89,
    Long1 = 0x8a,
    ShortBinUnicode = 0x8c,
    EmptySet = 0x8f,
    AddItems = 0x90,
    StackGlobal = 0x93,
    Memoize = 0x94,
    Frame = 0x95,
    ByteArray8 = 0x96,
}
