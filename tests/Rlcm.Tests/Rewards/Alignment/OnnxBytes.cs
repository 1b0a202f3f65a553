using System.Text;

namespace Rlcm.Tests.Rewards.Alignment;

/// <summary>Models of one node as ONNX writes them (onnx.proto: fields by number), whose input or output is no tensor.</summary>
internal static class OnnxBytes
{
    private const byte Int64 = 7;

    /// <summary>From <c>input_ids</c> to <c>last_hidden_state</c>, a sequence of Int64 tensors.</summary>
    /// <param name="node">Identity, or SequenceConstruct, which makes a sequence of a tensor.</param>
    /// <param name="isSequence">Whether the input is a sequence.</param>
    public static byte[] Model(string node, bool isSequence)
    {
        var tensor = Field(1, [8, Int64, .. Field(2, Field(1, [8, 1]))]); // TypeProto.Tensor: type, shape of one dimension of 1
        var sequence = Field(4, Field(1, tensor)); // TypeProto.Sequence: type of its elements
        byte[] graph =
        [
            .. Field(1, [.. Text(1, "input_ids"), .. Text(2, "last_hidden_state"), .. Text(4, node)]),
            .. Text(2, "graph"),
            .. Field(11, [.. Text(1, "input_ids"), .. Field(2, isSequence ? sequence : tensor)]),
            .. Field(12, [.. Text(1, "last_hidden_state"), .. Field(2, sequence)]),
        ];
        return [8, 8, .. Field(7, graph), .. Field(8, [.. Text(1, ""), 16, 17])]; // version 8 of the format, 17 of the nodes
    }

    private static byte[] Text(int number, string text) => Field(number, Encoding.UTF8.GetBytes(text));

    private static byte[] Field(int number, byte[] content) =>
        [(byte)(8 * number + 2), .. content.Length < 128 ? (byte[])[(byte)content.Length] : [(byte)(content.Length % 128 + 128), (byte)(content.Length / 128)], .. content];
}
