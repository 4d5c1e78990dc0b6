/* SPDX-License-Identifier: MIT */
/* Enough of an instruction to do what it would have done: Intel SDM volume 2, chapter 2. */
#ifndef X86_DECODE_H
#define X86_DECODE_H

#include "hv/core/abi.h"
#include "hv/core/types.h"

#define INSTRUCTION_MAX 15

struct instruction {
    uint8_t bytes[INSTRUCTION_MAX];
    unsigned have;   /* bytes that could be read */
    unsigned length; /* decoded so far; in the end, the instruction's */
    bool operand_16, repeated, has_modrm;
    uint8_t rex;
    uint16_t opcode; /* 0x0f.. for those of two bytes */
    uint8_t mod, reg, rm;
    unsigned size; /* of the operand, bytes */
    uint64_t immediate;
};

#define REX_W 8
#define REX_R 4
#define REX_X 2
#define REX_B 1

/* By the number that ModRM and REX give. */
uint64_t *general_register(struct cpu_user_regs *r, unsigned n);

/* Prefixes and opcode. false: it cannot be read, or ends before its opcode. */
bool decode_opcode(struct instruction *in, uint64_t rip);

/* The next byte; beyond the end 0, and `length` grows beyond `have`. */
uint8_t decode_byte(struct instruction *in);

/* All of it, if it is one that writes to memory and that table_write.c knows the form of. */
bool decode(struct instruction *in, uint64_t rip);

#endif
