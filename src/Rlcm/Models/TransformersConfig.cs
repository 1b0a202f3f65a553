namespace Rlcm.Models;

/// <summary>Entries that transformers writes into every configuration, most of them for generating text. None changes what an encoder computes.</summary>
internal static class TransformersConfig
{
    /// <summary>Their names; those whose usual values are empty need not be here.</summary>
    public static readonly string[] Neutral =
    [
        "architectures", "torch_dtype", "dtype", "transformers_version", "return_dict", "use_bfloat16", "torchscript", "tie_word_embeddings", "output_attentions", "output_hidden_states",
        "chunk_size_feed_forward", "id2label", "label2id", "problem_type", "diversity_penalty", "do_sample", "early_stopping", "length_penalty", "max_length", "min_length",
        "no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "num_beams", "num_beam_groups", "num_return_sequences", "remove_invalid_values", "repetition_penalty", "temperature",
        "tf_legacy_loss", "top_k", "top_p", "typical_p",
    ];
}
